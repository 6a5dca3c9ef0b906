// Package occurrences makes the same system calls from several places, in several tests, on several goroutines, all at once;
// each place makes its own ones one after the other. Whatever befalls a call is printed, with the place and the how-manieth
// it is there:
//
//	met TestEast/one outward 3
//
// An error at "the third call" is the same line of every run where calls are counted by test and place, and chance where they
// are counted by thread.
package occurrences

import (
	"fmt"
	"runtime"
	"sync"
	"syscall"
	"testing"
)

// times is how many rounds each place makes.
const times = 8

func TestNorth(t *testing.T) {
	t.Parallel()
	all(t)
}

func TestEast(t *testing.T) {
	for _, name := range []string{"one", "two"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all(t)
		})
	}
}

func TestSouth(t *testing.T) {
	t.Parallel()
	all(t)
}

// all lets every place be busy at once.
func all(t *testing.T) {
	var done sync.WaitGroup
	for _, place := range []func(*testing.T){outward, homeward, around, twice} {
		place := place
		done.Add(1)
		go func() {
			defer done.Done()
			place(t)
		}()
	}
	done.Wait()
}

//go:noinline
func outward(t *testing.T) {
	for i := 1; i <= times; i++ {
		met(t, "outward", i, getpgid())
	}
}

//go:noinline
func homeward(t *testing.T) {
	for i := 1; i <= times; i++ {
		met(t, "homeward", i, getpgid())
	}
}

// around makes two kinds of calls; each has its own third.
//
//go:noinline
func around(t *testing.T) {
	for i := 1; i <= times; i++ {
		met(t, "around.getpgid", i, getpgid())
		_, _, errno := syscall.Syscall(syscall.SYS_GETSID, 0, 0, 0)
		met(t, "around.getsid", i, errno)
	}
}

// twice makes its calls on two lines, which are one place: the third is the first line's second.
//
//go:noinline
func twice(t *testing.T) {
	for i := 1; i <= times; i++ {
		met(t, "twice.first", i, getpgid())
		met(t, "twice.second", i, getpgid())
	}
}

//go:noinline
func getpgid() syscall.Errno {
	_, _, errno := syscall.Syscall(syscall.SYS_GETPGID, 0, 0, 0)
	return errno
}

// met says what a call gave, if it is an error, and lets others go first.
func met(t *testing.T, place string, number int, errno syscall.Errno) {
	if errno != 0 {
		fmt.Printf("met %s %s %d\n", t.Name(), place, number)
	}
	runtime.Gosched()
}
