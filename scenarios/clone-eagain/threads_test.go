package threads

import (
	"runtime"
	"syscall"
	"testing"
	"time"
)

// A runtime that must not start a new thread cannot run these goroutines: each of them keeps a thread for itself.
func TestThreads(t *testing.T) {
	const wanted = 8
	threads := make(chan int)
	hold := make(chan struct{})
	for i := 0; i < wanted; i++ {
		go func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			threads <- syscall.Gettid()
			<-hold
		}()
	}
	distinct := make(map[int]bool)
	for i := 0; i < wanted; i++ {
		distinct[<-threads] = true
	}
	close(hold)
	t.Logf("threads=%d", len(distinct))
	if len(distinct) != wanted {
		t.Errorf("%d goroutines with a thread each had %d threads", wanted, len(distinct))
	}
}

// The kernel itself refuses the next thread: its user may have one, and has it. It does not limit root.
func TestThreadsAtLimit(t *testing.T) {
	const nproc = 6 // RLIMIT_NPROC
	if err := syscall.Setrlimit(nproc, &syscall.Rlimit{Cur: 1, Max: 1}); err != nil {
		t.Fatal(err)
	}
	t.Logf("RLIMIT_NPROC is 1 for uid %d", syscall.Getuid())
	TestThreads(t)
}

// Sleeping threads are woken by FUTEX_WAKE: a goroutine that becomes ready needs one.
func TestWakeups(t *testing.T) {
	const rounds = 50
	ping, pong := make(chan int), make(chan int)
	go func() {
		runtime.LockOSThread()
		for n := range ping {
			pong <- n + 1
		}
		close(pong)
	}()
	n := 0
	for i := 0; i < rounds; i++ {
		ping <- n
		n = <-pong
		time.Sleep(10 * time.Microsecond)
	}
	close(ping)
	<-pong
	t.Logf("rounds=%d", n)
	if n != rounds {
		t.Errorf("%d rounds were counted as %d", rounds, n)
	}
}
