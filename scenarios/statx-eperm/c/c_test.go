package c

import (
	"os"
	"path/filepath"
	"testing"
)

func TestStat(t *testing.T)  { check(t, byStat) }
func TestStatx(t *testing.T) { check(t, byStatx) }

func check(t *testing.T, size func(string) (int64, error)) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "data")
	if err := os.WriteFile(name, []byte("0123"), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := size(name)
	t.Logf("size=%d err=%v", got, err)
	if err != nil {
		t.Error(err)
	}
}
