package handoff

import (
	"runtime"
	"testing"
	"time"
)

const (
	handoffs = 200
	budget   = 250 * time.Millisecond
)

// TestHandoffWithinBudget assumes that handing a value to a goroutine on
// another thread and back costs microseconds. It does, until waking a thread
// becomes slow: both goroutines are locked to their threads, so each hand-off
// is a futex wake on one side and a futex wait on the other.
func TestHandoffWithinBudget(t *testing.T) {
	ping, pong := make(chan int), make(chan int)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		for n := range ping {
			pong <- n
		}
		close(pong)
	}()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	begin := time.Now()
	for i := 0; i < handoffs; i++ {
		ping <- i
		if got := <-pong; got != i {
			t.Fatalf("got %d, want %d", got, i)
		}
	}
	close(ping)
	if took := time.Since(begin); took > budget {
		t.Errorf("timing assumption broken: %d hand-offs took %v, budget %v", handoffs, took, budget)
	}
}
