package goroutines

import (
	"runtime"
	"strings"
	"testing"
	"time"
)

// receive is the document's program: it sends once, and nobody closes.
func receive() chan int {
	ch := make(chan int, 1)
	go receiver(ch)
	ch <- 42
	return ch
}

func receiver(ch chan int) {
	for range ch {
	}
}

// receivers counts goroutines in receiver, and those of them that have each of
// these functions on their stack too.
func receivers(functions ...string) (all int, with map[string]int) {
	records := make([]runtime.StackRecord, 4000)
	n, _ := runtime.GoroutineProfile(records)
	with = map[string]int{}
	for _, record := range records[:n] {
		stack := names(record.Stack())
		if !strings.Contains(stack, "goroutine-leak-chan.receiver\n") {
			continue
		}
		all++
		for _, function := range functions {
			if strings.Contains(stack, function+"\n") {
				with[function]++
			}
		}
	}
	return all, with
}

// names has the functions of a stack, a line each.
func names(stack []uintptr) string {
	frames, text := runtime.CallersFrames(stack), ""
	for more := true; more; {
		var frame runtime.Frame
		frame, more = frames.Next()
		text += frame.Function + "\n"
	}
	return text
}

// settle waits until so many goroutines are left, for two seconds at most.
func settle(goroutines int) int {
	for deadline := time.Now().Add(2 * time.Second); runtime.NumGoroutine() != goroutines && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	return runtime.NumGoroutine()
}

func leak(t *testing.T, closes bool) {
	const times = 1000
	before := runtime.NumGoroutine()
	for i := 0; i < times; i++ {
		ch := receive()
		if closes {
			close(ch)
		}
	}
	// All of them have received the one value and wait for the next.
	wanted := before
	if !closes {
		wanted += times
	}
	settle(wanted)
	runtime.GC()
	runtime.GC()
	left := settle(wanted)
	var waiting int
	var with map[string]int
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(time.Millisecond) {
		waiting, with = receivers("runtime.gopark", "runtime.chanrecv")
		if with["runtime.chanrecv"] == wanted-before || time.Now().After(deadline) {
			break
		}
	}
	t.Logf("leaked=%d receivers=%d gopark=%d chanrecv=%d", left-before, waiting, with["runtime.gopark"], with["runtime.chanrecv"])
}

func TestNeverClosed(t *testing.T) { leak(t, false) }
func TestClosed(t *testing.T)      { leak(t, true) }
