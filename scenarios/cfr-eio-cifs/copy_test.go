// Package copying copies files by io.Copy, for which Go uses copy_file_range, and compares what came of it.
package copying

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// size is that of the file: more than io.Copy's own buffer.
const size = 100_000

func fileOf(t *testing.T, content []byte) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "source")
	if err := os.WriteFile(name, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// check copies a file and compares the copy with what is wanted, whatever io.Copy says.
func check(t *testing.T, from string, want []byte) {
	t.Helper()
	source, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	name := filepath.Join(t.TempDir(), "copy")
	copied, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	n, err := io.Copy(copied, source)
	if closing := copied.Close(); err == nil {
		err = closing
	}
	got, _ := os.ReadFile(name)
	t.Logf("copied=%d in_file=%d wanted=%d err=%v", n, len(got), len(want), err)
	switch {
	case err != nil:
		t.Errorf("io.Copy: %v", err)
	case !bytes.Equal(got, want):
		t.Error("io.Copy gave no error, and the copy is not what was copied")
	case n != int64(len(want)):
		t.Errorf("io.Copy says that it copied %d bytes of %d", n, len(want))
	}
}

func TestCopy(t *testing.T) {
	content := bytes.Repeat([]byte("0123456789"), size/10)
	check(t, fileOf(t, content), content)
}

// TestCopyProc copies a file of /proc, whose size is 0 as stat tells it.
func TestCopyProc(t *testing.T) {
	const name = "/proc/version"
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if len(want) == 0 {
		t.Fatal(name + " is empty")
	}
	check(t, name, want)
}
