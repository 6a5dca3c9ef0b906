// Package random reads random bytes and checks that they are.
package random

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"syscall"
	"testing"
	"time"
)

// read gives 600 bytes: more than the 256 that the kernel never splits.
func read() ([]byte, error) {
	b := make([]byte, 600)
	n, err := rand.Read(b)
	if err == nil && n != len(b) {
		err = io.ErrUnexpectedEOF
	}
	return b, err
}

func TestRead(t *testing.T) {
	first, err := read()
	if err != nil {
		t.Fatalf("rand.Read returned the error: %v", err)
	}
	second, err := read()
	if err != nil {
		t.Fatalf("rand.Read returned the error: %v", err)
	}
	// No 30 bytes in a row are left as they were.
	for _, b := range [][]byte{first, second} {
		if bytes.Contains(b, make([]byte, 30)) {
			t.Fatal("a part of the buffer was not filled")
		}
	}
	if bytes.Equal(first, second) {
		t.Fatal("read the same bytes twice")
	}
	t.Logf("random_bytes=%d err=%v", len(first)+len(second), err)
}

// TestRetry makes an id as github.com/distribution/distribution does: EPERM is taken for an exhausted pool, and tried again.
func TestRetry(t *testing.T) {
	for try := 1; try <= 5; try++ {
		_, err := read()
		if err == nil {
			t.Logf("tries=%d", try)
			return
		}
		if !errors.Is(err, syscall.EPERM) {
			t.Fatalf("rand.Read returned the error: %v", err)
		}
		time.Sleep(time.Duration(try) * time.Millisecond)
	}
	t.Fatal("rand.Read returned EPERM five times")
}
