package cgo

import (
	"runtime"
	"sync/atomic"
	"testing"
	"time"
)

const blocked = 300 * time.Millisecond

// TestSleepInC says how often another goroutine had its turn while this one was in C.
func TestSleepInC(t *testing.T) {
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
	Sleep(int(blocked.Microseconds()))
	n, took := ticks.Load()-before, time.Since(start)
	stop.Store(true)
	<-ended
	t.Logf("ticks=%d blocked_ms=%d gomaxprocs=%d", n, took.Milliseconds(), runtime.GOMAXPROCS(0))
}

// collectMeanwhile collects garbage while another goroutine is in call, and
// says which of the two ended first.
func collectMeanwhile(t *testing.T, call func(isCollected *atomic.Bool)) {
	t.Helper()
	var ended, isCollected atomic.Bool
	inside := make(chan struct{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		close(inside)
		call(&isCollected)
		ended.Store(true)
	}()
	<-inside
	time.Sleep(10 * time.Millisecond)
	start := time.Now()
	runtime.GC()
	stalled := 0
	if ended.Load() {
		stalled = 1
	}
	isCollected.Store(true)
	collected := time.Since(start)
	<-done
	t.Logf("stalled=%d gc_ms=%d", stalled, collected.Milliseconds())
}

var sink uint64

// spin calls nothing (Load is one instruction), so that only a signal can take
// the P from it. By itself it ends after a few hundred milliseconds.
func spin(isCollected *atomic.Bool) {
	x := uint64(1)
	for i := 0; i < 250_000_000 && !isCollected.Load(); i++ {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
	}
	sink = x
}

func TestCollectDuringTightLoop(t *testing.T) { collectMeanwhile(t, spin) }

func TestCollectDuringC(t *testing.T) {
	collectMeanwhile(t, func(*atomic.Bool) { Sleep(int(blocked.Microseconds())) })
}
