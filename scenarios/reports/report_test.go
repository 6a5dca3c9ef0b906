package reports

import (
	"os"
	"path/filepath"
	"sync"
	"testing"
)

func TestReportDaily(t *testing.T) {
	if err := Write(filepath.Join(t.TempDir(), "daily"), 10); err != nil {
		t.Fatal(err)
	}
}

func TestReportMany(t *testing.T) {
	for _, name := range []string{"north", "south"} {
		name := name
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var writers sync.WaitGroup
			for i := 0; i < 3; i++ {
				path := filepath.Join(t.TempDir(), name)
				writers.Add(1)
				go func() {
					defer writers.Done()
					if err := Write(path, 10); err != nil {
						t.Error(err)
					}
				}()
			}
			writers.Wait()
		})
	}
}

// TestSummary writes a report as well, and writes without a buffer.
func TestSummary(t *testing.T) {
	dir := t.TempDir()
	if err := Write(filepath.Join(dir, "summary"), 10); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "plain"), []byte("plain"), 0o600); err != nil {
		t.Fatal(err)
	}
}
