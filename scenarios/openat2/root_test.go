//go:build go1.24

package newer

import (
	"io"
	"os"
	"path/filepath"
	"testing"
)

// TestRoot opens a file below a folder as the standard library does.
func TestRoot(t *testing.T) {
	folder := t.TempDir()
	if err := os.MkdirAll(filepath.Join(folder, "a", "b"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "a", "b", "data"), []byte("0123"), 0o600); err != nil {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	f, err := root.Open("a/b/data")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	got, err := io.ReadAll(f)
	t.Logf("read=%d err=%v", len(got), err)
	if err != nil || string(got) != "0123" {
		t.Errorf("read %q, the error is %v", got, err)
	}
}
