// Package preempt has a loop that only a signal can stop, while the garbage collector wants all to stop.
package preempt

import (
	"runtime"
	"sync/atomic"
	"testing"
)

// numbers are added up by the loop, again and again; a register that a signal handler spoils spoils a sum.
var numbers = func() (numbers [1024]uint64) {
	for i := range numbers {
		numbers[i] = uint64(i)
	}
	return numbers
}()

const sum = 1023 * 1024 / 2

func TestPreempt(t *testing.T) {
	runtime.GOMAXPROCS(2)
	var stop atomic.Bool
	var rounds, wrong atomic.Uint64
	done := make(chan struct{})
	go func() {
		defer close(done)
		// No calls in here: there is no place where it would stop by itself.
		for !stop.Load() {
			var got uint64
			for _, number := range numbers {
				got += number
			}
			rounds.Add(1)
			if got != sum {
				wrong.Add(1)
			}
		}
	}()
	for rounds.Load() == 0 {
		runtime.Gosched()
	}
	const collections = 10
	for i := 0; i < collections; i++ {
		runtime.GC()
	}
	stop.Store(true)
	<-done
	t.Logf("collections=%d wrong_sums=%d", collections, wrong.Load())
	if wrong.Load() > 0 {
		t.Errorf("%d sums of %d are wrong", wrong.Load(), rounds.Load())
	}
}
