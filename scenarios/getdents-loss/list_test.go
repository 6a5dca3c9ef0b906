// Package list lists a folder in the ways of the standard library, and counts what it gets.
package list

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// files are in the folder: more than one getdents64 gives at a time.
const files = 300

func folder(t *testing.T) string {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "tree")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	for i := 0; i < files; i++ {
		name := fmt.Sprintf("a-file-with-a-name-of-some-length-%04d", i)
		if err := os.WriteFile(filepath.Join(folder, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// check tells two failures apart: one that is told, and names that are lost without a word.
func check(t *testing.T, found int, err error) {
	t.Helper()
	t.Logf("found=%d err=%v", found, err)
	switch {
	case err != nil:
		t.Errorf("told: %v", err)
	case found != files:
		t.Errorf("lost without a word: %d of %d files", files-found, files)
	}
}

func TestReadDir(t *testing.T) {
	entries, err := os.ReadDir(folder(t))
	check(t, len(entries), err)
}

func TestWalkDir(t *testing.T) {
	found := 0
	err := filepath.WalkDir(folder(t), func(_ string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			found++
		}
		return err
	})
	check(t, found, err)
}

func TestGlob(t *testing.T) {
	names, err := filepath.Glob(filepath.Join(folder(t), "a-*"))
	check(t, len(names), err)
}
