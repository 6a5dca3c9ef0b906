package threads

import (
	"runtime"
	"syscall"
	"testing"
)

// Each goroutine keeps a thread for itself, so there have to be new ones.
func TestThreads(t *testing.T) {
	const wanted = 8
	threads := make(chan int)
	hold := make(chan struct{})
	for i := 0; i < wanted; i++ {
		go func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			if Answer() != 42 {
				t.Error("C gave a wrong answer")
			}
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
