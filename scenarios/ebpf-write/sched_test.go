package ebpf

import (
	"context"
	"fmt"
	"runtime"
	"runtime/trace"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"example.com/ebpf-write/bpf"
)

// handoffs is how often a goroutine passes on to the other.
const handoffs = 2000

// playPingPong has two goroutines wake each other, on one P.
func playPingPong() error {
	runtime.GOMAXPROCS(1)
	ping, pong := make(chan int), make(chan int)
	go func() {
		for n := range ping {
			pong <- n
		}
		close(pong)
	}()
	for n := 0; n < handoffs/2; n++ {
		ping <- n
		if got := <-pong; got != n {
			return fmt.Errorf("got %d, want %d", got, n)
		}
	}
	return nil
}

// TestSchedulerHook counts how often Go's scheduler puts a goroutine on a
// thread, by a uprobe, and how often the kernel's puts another thread on a CPU.
func TestSchedulerHook(t *testing.T) {
	file := self(t)
	address, err := bpf.Address(file, "runtime.execute")
	if err != nil {
		t.Fatal(err)
	}
	p := startPlayer(t, "pingpong")
	executed, switched := newCounters(t, 1), newCounters(t, 1)
	hook(t, file, address, bpf.CountHits(executed, p.Process.Pid))
	_, detach := attachRaw(t, "sched_switch", bpf.CountHits(switched, p.Process.Pid))
	defer detach()
	if err := p.play(); err != nil {
		t.Fatalf("the player: %v: %s", err, p.stderr.String())
	}
	t.Logf("handoffs=%d executed=%d switched=%d", handoffs, executed.Get(0), switched.Get(0))
}

// TestSchedtrace counts what GODEBUG=schedtrace=1000 prints meanwhile.
func TestSchedtrace(t *testing.T) {
	p := startPlayer(t, "pingpong", "GODEBUG=schedtrace=1000")
	if err := p.play(); err != nil {
		t.Fatalf("the player: %v: %s", err, p.stderr.String())
	}
	lines := strings.Split(strings.TrimSpace(p.stderr.String()), "\n")
	t.Logf("printed: %s", lines[0])
	t.Logf("handoffs=%d schedtrace_lines=%d", handoffs, len(lines))
}

// TestMark marks the moment as the document has it, in the goroutine that is
// woken: in a region of runtime/trace, by a store. The one that wakes it goes on
// for a while before it lets it run.
func TestMark(t *testing.T) {
	runtime.GOMAXPROCS(1)
	wake, done := make(chan int), make(chan bool)
	var wentOn atomic.Int64
	var punched time.Time
	marked := int64(0)
	go func() {
		<-wake
		trace.WithRegion(context.Background(), "punch", func() {
			marked, punched = wentOn.Load(), time.Now()
		})
		close(done)
	}()
	runtime.Gosched() // it waits now

	begin := time.Now()
	wake <- 1 // it is ready now
	// Without asynchronous preemption nothing stops a loop that calls nothing.
	for i := int64(0); i < 5_000_000; i++ {
		wentOn.Store(i)
	}
	wentOn.Store(-1)
	<-done

	early := 1
	if marked == -1 {
		early = 0
	}
	t.Logf("it was ready %v before it was marked", punched.Sub(begin))
	t.Logf("marked_when_ready=%d", early)
}
