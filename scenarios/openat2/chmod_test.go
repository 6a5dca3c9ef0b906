//go:build go1.25

package newer

import (
	"os"
	"path/filepath"
	"testing"
)

// TestRootChmod changes a mode as the standard library does where it must not follow links.
func TestRootChmod(t *testing.T) {
	folder := t.TempDir()
	name := filepath.Join(folder, "data")
	if err := os.WriteFile(name, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	err = root.Chmod("data", 0o640)
	info, stat := os.Stat(name)
	if stat != nil {
		t.Fatal(stat)
	}
	t.Logf("mode=%o err=%v", info.Mode().Perm(), err)
	if err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("the mode is %v, the error is %v", info.Mode(), err)
	}
}
