package memory

import (
	"fmt"
	"io/ioutil"
	"os"
	"runtime"
	"runtime/debug"
	"syscall"
	"testing"
	"time"
)

const mebi = 1 << 20

var kept [][]byte

// The heap grows to 256 MiB, in pieces.
func TestGrow(t *testing.T) {
	for len(kept) < 64 {
		kept = append(kept, touched(4*mebi))
	}
	t.Logf("grown=%d MiB", 4*len(kept))
	kept = nil
}

// The heap may grow by 100 MiB: so much address space as there is, and that.
func TestGrowAtLimit(t *testing.T) {
	size, _ := pages(t)
	limit := uint64(size*os.Getpagesize() + 100*mebi)
	if err := syscall.Setrlimit(syscall.RLIMIT_AS, &syscall.Rlimit{Cur: limit, Max: limit}); err != nil {
		t.Fatal(err)
	}
	t.Log("RLIMIT_AS leaves 100 MiB")
	TestGrow(t)
}

// 64 MiB are given back to the kernel, and taken again.
func TestGiveBack(t *testing.T) {
	before := resident(t)
	data := touched(64 * mebi)
	grown := resident(t) - before
	t.Logf("grown=%d MiB", grown)
	runtime.KeepAlive(data)
	data = nil
	debug.FreeOSMemory()
	given := before + grown - resident(t)
	if given < 0 {
		given = 0
	}
	t.Logf("given back=%d MiB", given)
	t.Logf("released=%d", given)
	data = make([]byte, 64*mebi)
	for i, b := range data {
		if b != 0 {
			t.Fatalf("new memory is not zero at %d", i)
		}
	}
	t.Log("memory that was taken again is zero")
}

// A goroutine gives memory back; main waits for it.
func TestScavenge(t *testing.T) {
	runtime.KeepAlive(touched(64 * mebi))
	done := make(chan bool)
	go func() {
		debug.FreeOSMemory()
		close(done)
	}()
	<-done
	t.Log("memory was given back")
}

// A heap that has become large is not to stall the program: the longest pause of a loop that allocates.
func TestLargeHeap(t *testing.T) {
	var longest time.Duration
	for round := 0; round < 4; round++ {
		for len(kept) < 64 {
			start := time.Now()
			kept = append(kept, touched(mebi))
			if took := time.Since(start); took > longest {
				longest = took
			}
		}
		runtime.GC()
		kept = kept[:0]
	}
	kept = nil
	t.Logf("longest=%d ms", longest/time.Millisecond)
}

// What the runtime may do, done by the test itself: collapse what it has into huge pages.
func TestCollapse(t *testing.T) {
	const collapse = 25 // MADV_COLLAPSE
	data := touched(4 * mebi)
	start := time.Now()
	err := syscall.Madvise(data, collapse) // a kernel before 6.1 does not know it
	t.Logf("madvise(MADV_COLLAPSE): %v", err)
	t.Logf("took=%d ms", time.Since(start)/time.Millisecond)
}

// touched is memory that is really there.
func touched(size int) []byte {
	data := make([]byte, size)
	for i := 0; i < size; i += 4096 {
		data[i] = 1
	}
	return data
}

// resident is how much memory the process has, in MiB.
func resident(t *testing.T) int {
	_, resident := pages(t)
	return resident * os.Getpagesize() / mebi
}

// pages gives the process's address space, and the memory that it has.
func pages(t *testing.T) (size, resident int) {
	text, err := ioutil.ReadFile("/proc/self/statm")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Sscan(string(text), &size, &resident); err != nil {
		t.Fatal(err)
	}
	return size, resident
}
