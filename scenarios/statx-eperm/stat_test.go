// Package stat asks for a file by Go, by C, and by another program.
package stat

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func file(t *testing.T) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "data")
	if err := os.WriteFile(name, []byte("0123"), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestGo(t *testing.T) {
	info, err := os.Stat(file(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("size=%d", info.Size())
}

// TestChild asks the program stat of GNU coreutils, which calls statx.
func TestChild(t *testing.T) {
	out, err := exec.Command("stat", "--format=size=%s", file(t)).CombinedOutput()
	t.Logf("%s err=%v", strings.TrimSpace(string(out)), err)
	if err != nil {
		t.Error(err)
	}
}
