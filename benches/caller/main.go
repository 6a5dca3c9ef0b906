// Caller makes system calls deep down, from stacks that are all Go's; benches/src/caller.rs says what for.
//
//	caller call VIA DEPTH GOROUTINES STACKS CALLS PARTS RESULT
//	caller sleep VIA DEPTH GOROUTINES
//
// VIA is syscall or raw, STACKS is same or different.
package main

import (
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
	"unsafe"
)

// via is how the kernel is called.
type via func(trap, a1, a2, a3 uintptr) (r1, r2 uintptr, err syscall.Errno)

var ways = map[string]via{"syscall": syscall.Syscall, "raw": syscall.RawSyscall}

// usual is the way down that is taken where any will do: it calls either function from either.
const usual = 0x6666_6666_6666_6666

func main() {
	words := os.Args[1:]
	if len(words) < 4 {
		os.Exit(2)
	}
	call, depth, goroutines := ways[words[1]], number(words[2]), number(words[3])
	switch {
	case call == nil:
		os.Exit(2)
	case words[0] == "call" && len(words) == 8:
		again := words[4] == "same"
		makeCalls(call, depth, goroutines, again, number(words[5]), number(words[6]), words[7])
	case words[0] == "sleep":
		over := make(chan bool)
		go sleep(call, depth, goroutines, over)
		<-over
	default:
		os.Exit(2)
	}
}

func number(word string) int {
	number, err := strconv.Atoi(word)
	if err != nil {
		os.Exit(2)
	}
	return number
}

// left goes down so many calls, by way of itself or of right, as the bits of path say, and does something there.
//
//go:noinline
func left(path uint64, depth int, bottom func()) int {
	switch {
	case depth == 0:
		bottom()
		return 0
	case path&1 == 0:
		return 1 + left(path>>1, depth-1, bottom)
	default:
		return 1 + right(path>>1, depth-1, bottom)
	}
}

// right does what left does.
//
//go:noinline
func right(path uint64, depth int, bottom func()) int {
	switch {
	case depth == 0:
		bottom()
		return 0
	case path&1 == 0:
		return 1 + right(path>>1, depth-1, bottom)
	default:
		return 1 + left(path>>1, depth-1, bottom)
	}
}

// makeCalls has goroutines make calls at the bottom of their stacks, all at the same time, and leaves the nanoseconds
// a call in a file, part by part. Calls are made from the same stack again, or each from another.
func makeCalls(call via, depth, goroutines int, again bool, calls, parts int, result string) {
	// Their threads are to be several, as many processors as there are.
	runtime.GOMAXPROCS(max(runtime.NumCPU(), goroutines))
	each := calls / goroutines / parts
	took := make([][]time.Duration, goroutines)
	failed := make([]int, goroutines)
	times := func(number, count int, failed *int) {
		left(usual+uint64(number), depth, func() {
			for n := 0; n < count; n++ {
				if _, _, err := call(syscall.SYS_GETPPID, 0, 0, 0); err != 0 {
					*failed++
				}
			}
		})
	}
	var all sync.WaitGroup
	for i := range took {
		took[i] = make([]time.Duration, parts)
		all.Add(1)
		go func(i int) {
			defer all.Done()
			for part := range took[i] {
				began := time.Now()
				if again {
					times(0, each, &failed[i])
				} else {
					for n := 0; n < each; n++ {
						times((part*goroutines+i)*each+n, 1, &failed[i])
					}
				}
				took[i][part] = time.Since(began)
			}
		}(i)
	}
	all.Wait()
	var text strings.Builder
	sum := 0
	for _, failed := range failed {
		sum += failed
	}
	text.WriteString(strconv.Itoa(sum) + "\n")
	for part := 0; part < parts; part++ {
		var sum time.Duration
		for i := range took {
			sum += took[i][part]
		}
		// Goroutines call at the same time: together they make so many times the calls.
		perCall := float64(sum.Nanoseconds()) / float64(goroutines) / float64(each*goroutines)
		text.WriteString(strconv.FormatFloat(perCall, 'f', 3, 64) + "\n")
	}
	if os.WriteFile(result, []byte(text.String()), 0o600) != nil {
		os.Exit(1)
	}
}

func max(a, b int) int {
	if a > b {
		return a
	}
	return b
}

// sleep says its thread's number and reads a byte at the bottom of its stack, again and again, each time on another way
// down, until there is nothing to be read. That many other goroutines wait meanwhile.
func sleep(call via, depth, goroutines int, done chan bool) {
	for i := 2; i < goroutines; i++ {
		go func() { select {} }()
	}
	runtime.Gosched()
	runtime.LockOSThread()
	line := []byte(strconv.Itoa(syscall.Gettid()) + "\n")
	at := func(bytes []byte) uintptr { return uintptr(unsafe.Pointer(&bytes[0])) }
	answer := make([]byte, 1)
	for path, over := uint64(usual), false; !over; path++ {
		left(path, depth, func() {
			call(syscall.SYS_WRITE, 1, at(line), uintptr(len(line)))
			got, _, _ := call(syscall.SYS_READ, 0, at(answer), 1)
			over = got != 1
		})
	}
	runtime.KeepAlive(line)
	runtime.KeepAlive(answer)
	done <- true
}
