package allthreads

import (
	"os"
	"syscall"
	"testing"
	"time"
)

const keepCaps = 8 // PR_SET_KEEPCAPS: harmless, and a property of each thread

// One thread sits in a read that does not return while all threads are to make a system call.
func TestBlockedReader(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	r.Fd() // makes it block: read is then a system call that takes a thread
	read := make(chan error)
	go func() {
		_, err := r.Read(make([]byte, 1))
		read <- err
	}()
	time.Sleep(100 * time.Millisecond) // until the scheduler has given the reader's P away
	everywhere(t, 1)
	everywhere(t, 0)
	if _, err := w.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if err := <-read; err != nil {
		t.Error(err)
	}
}

func everywhere(t *testing.T, keep uintptr) {
	if _, _, errno := syscall.AllThreadsSyscall(syscall.SYS_PRCTL, keepCaps, keep, 0); errno != 0 {
		t.Fatalf("prctl on all threads: %v", errno)
	}
	t.Logf("prctl(PR_SET_KEEPCAPS, %d) was made on all threads", keep)
}
