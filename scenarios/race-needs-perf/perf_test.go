package perf

import (
	"fmt"
	"sync"
	"syscall"
	"testing"
	"unsafe"
)

// attr is the beginning of struct perf_event_attr, PERF_ATTR_SIZE_VER0
// (include/uapi/linux/perf_event.h): 64 bytes, the first version.
type attr struct {
	kind         uint32
	size         uint32
	config       uint64
	samplePeriod uint64
	sampleType   uint64
	readFormat   uint64
	flags        uint64
	wakeup       uint32
	breakpoint   uint32
	config1      uint64
}

const (
	software      = 1      // PERF_TYPE_SOFTWARE
	taskClock     = 1      // PERF_COUNT_SW_TASK_CLOCK
	excludeKernel = 1 << 5 // the sixth bit of the flags
)

// openCounter opens a counter of this thread's own time in user space: what
// perf_event_paranoid allows everybody up to level 2.
func openCounter() (int, error) {
	a := attr{kind: software, size: uint32(unsafe.Sizeof(attr{})), config: taskClock, flags: excludeKernel}
	minusOne := ^uintptr(0)
	fd, _, errno := syscall.Syscall6(syscall.SYS_PERF_EVENT_OPEN,
		uintptr(unsafe.Pointer(&a)), 0, minusOne, minusOne, 0, 0)
	if errno != 0 {
		return -1, fmt.Errorf("perf_event_open: %w", errno)
	}
	return int(fd), nil
}

func TestOpensPerfEvent(t *testing.T) {
	fd, err := openCounter()
	if err != nil {
		t.Fatal(err)
	}
	syscall.Close(fd)
}

// TestCleanUnderRace does what the race detector watches: shared memory,
// locks, channels, goroutines. It has no race.
func TestCleanUnderRace(t *testing.T) {
	var (
		mu    sync.Mutex
		total int
		wg    sync.WaitGroup
	)
	results := make(chan int, 16)
	for i := 0; i < 16; i++ {
		wg.Add(1)
		go func(n int) {
			defer wg.Done()
			for j := 0; j < 1000; j++ {
				mu.Lock()
				total += n
				mu.Unlock()
			}
			results <- n
		}(i)
	}
	wg.Wait()
	close(results)
	sum := 0
	for n := range results {
		sum += n
	}
	if total != sum*1000 {
		t.Fatalf("total %d, want %d", total, sum*1000)
	}
}
