// Package freeze asks what other goroutines can do while one is in a blocking
// system call. The arms set GOMAXPROCS: with 1 there is one P to freeze.
package freeze

import (
	"os"
	"os/exec"
	"runtime"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// emptyPipe returns the read end of a pipe that stays empty for 300 ms: its
// only writer is a child that sleeps, so that a read ends without any help of
// this process, even if nothing in it can run.
func emptyPipe(t *testing.T) int {
	t.Helper()
	var fds [2]int
	if err := syscall.Pipe2(fds[:], syscall.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	writer := os.NewFile(uintptr(fds[1]), "writer")
	child := exec.Command("sleep", "0.3")
	child.ExtraFiles = []*os.File{writer}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	writer.Close()
	t.Cleanup(func() {
		child.Wait()
		syscall.Close(fds[0])
	})
	return fds[0]
}

// report says how often another goroutine had its turn while this one was in
// call: it sleeps for 1 ms each time.
func report(t *testing.T, call func()) {
	t.Helper()
	var ticks atomic.Int64
	var stop atomic.Bool
	begun := make(chan struct{})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		close(begun)
		for !stop.Load() {
			time.Sleep(time.Millisecond)
			ticks.Add(1)
		}
	}()
	<-begun
	before, start := ticks.Load(), time.Now()
	call()
	n, took := ticks.Load()-before, time.Since(start)
	stop.Store(true)
	<-ended
	t.Logf("ticks=%d blocked_ms=%d gomaxprocs=%d", n, took.Milliseconds(), runtime.GOMAXPROCS(0))
}

func TestSyscallRead(t *testing.T) {
	fd := emptyPipe(t)
	report(t, func() { syscall.Read(fd, make([]byte, 1)) })
}

func TestSyscallSyscall(t *testing.T) {
	fd, buf := emptyPipe(t), make([]byte, 1)
	report(t, func() {
		syscall.Syscall(syscall.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(&buf[0])), 1)
	})
}

func TestRawSyscall(t *testing.T) {
	fd, buf := emptyPipe(t), make([]byte, 1)
	report(t, func() {
		syscall.RawSyscall(syscall.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(&buf[0])), 1)
	})
}

func TestFileRead(t *testing.T) {
	fd := emptyPipe(t)
	if err := syscall.SetNonblock(fd, true); err != nil {
		t.Fatal(err)
	}
	// In non-blocking mode, os.NewFile hands it to the poller.
	file := os.NewFile(uintptr(fd), "reader")
	report(t, func() { file.Read(make([]byte, 1)) })
	runtime.KeepAlive(file)
}

// collectMeanwhile collects garbage while another goroutine reads from an empty
// pipe, and says whether the pipe's writer had gone by the end of that.
func collectMeanwhile(t *testing.T, read func(fd int)) {
	t.Helper()
	fd := emptyPipe(t)
	inside := make(chan struct{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		close(inside)
		read(fd)
	}()
	<-inside
	time.Sleep(20 * time.Millisecond)
	runtime.GC()
	// A reader that is blocked stays so, whatever the descriptor's mode is now.
	if err := syscall.SetNonblock(fd, true); err != nil {
		t.Fatal(err)
	}
	_, err := syscall.Read(fd, make([]byte, 1))
	t.Logf("collected while the pipe was open: %t, gomaxprocs=%d", err == syscall.EAGAIN, runtime.GOMAXPROCS(0))
	<-done
}

func TestCollectDuringRawSyscall(t *testing.T) {
	buf := make([]byte, 1)
	collectMeanwhile(t, func(fd int) {
		syscall.RawSyscall(syscall.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(&buf[0])), 1)
	})
}

func TestCollectDuringSyscallRead(t *testing.T) {
	collectMeanwhile(t, func(fd int) { syscall.Read(fd, make([]byte, 1)) })
}
