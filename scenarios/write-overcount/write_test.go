// Package write writes files in the ways that programs do, and checks what is in them, whatever it is told.
package write

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// data is what is written: 64 KiB.
var data = bytes.Repeat([]byte("0123456789abcdef"), 4096)

func create(t *testing.T) (f *os.File, name string) {
	t.Helper()
	name = filepath.Join(t.TempDir(), "saved")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	return f, name
}

// check tells two failures apart: one that is told, and data that are lost without a word.
func check(t *testing.T, name string, err error) {
	t.Helper()
	got, _ := os.ReadFile(name)
	t.Logf("in_file=%d of %d err=%v", len(got), len(data), err)
	switch {
	case err != nil:
		t.Errorf("told: %v", err)
	case !bytes.Equal(got, data):
		t.Error("lost without a word")
	}
}

func TestFileWrite(t *testing.T) {
	f, name := create(t)
	defer f.Close()
	n, err := f.Write(data)
	t.Logf("n=%d", n)
	if n > len(data) {
		t.Errorf("Write says that it wrote %d bytes of %d", n, len(data))
	}
	check(t, name, err)
}

func TestFileRead(t *testing.T) {
	f, name := create(t)
	defer f.Close()
	if _, err := f.Write(data); err != nil {
		t.Fatal(err)
	}
	in, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	b := make([]byte, 100)
	n, err := in.Read(b)
	t.Logf("n=%d err=%v", n, err)
	if n > len(b) {
		t.Errorf("Read says that it read %d bytes into %d", n, len(b))
	}
}

func TestWriteFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "saved")
	check(t, name, os.WriteFile(name, data, 0o600))
}

func TestBufio(t *testing.T) {
	f, name := create(t)
	defer f.Close()
	w := bufio.NewWriter(f)
	_, err := w.Write(data)
	if flushing := w.Flush(); err == nil {
		err = flushing
	}
	check(t, name, err)
}

func TestCopy(t *testing.T) {
	f, name := create(t)
	defer f.Close()
	// Only a Reader: otherwise the kernel would copy.
	_, err := io.Copy(f, struct{ io.Reader }{bytes.NewReader(data)})
	check(t, name, err)
}

// TestClose asks Close for its error.
func TestClose(t *testing.T) {
	f, name := create(t)
	_, err := f.Write(data)
	if closing := f.Close(); err == nil {
		err = closing
	}
	checkClosed(t, name, err)
}

// TestDeferredClose does not, as in the reported programs.
func TestDeferredClose(t *testing.T) {
	name := filepath.Join(t.TempDir(), "saved")
	checkClosed(t, name, save(name))
}

func save(name string) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.Write(data)
	return err
}

func TestCloseOfWriteFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "saved")
	checkClosed(t, name, os.WriteFile(name, data, 0o600))
}

// checkClosed wants an error: where close fails, data that were written may never come to the disk.
func checkClosed(t *testing.T, name string, err error) {
	t.Helper()
	t.Logf("saving %s: err=%v", filepath.Base(name), err)
	if err != nil {
		t.Errorf("told: %v", err)
	}
}

// TestSync writes a file through to the disk; where that fails, it tries again, as some do.
func TestSync(t *testing.T) {
	f, _ := create(t)
	defer f.Close()
	if _, err := f.Write(data); err != nil {
		t.Fatal(err)
	}
	first := f.Sync()
	again := f.Sync()
	t.Logf("sync: err=%v, again: err=%v", first, again)
	if err := errors.Join(first, again); err != nil {
		t.Errorf("told: %v", err)
	}
}
