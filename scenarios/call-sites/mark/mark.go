// Package mark makes system calls that can be told from all others, and says where they are made.
//
// A mark is a number; it is an argument of the call, where whoever looks on from outside finds it. A mark is taken on the line
// that makes the call,
//
//	syscall.Syscall(syscall.SYS_GETPGID, mark.Here("nested"), 0, 0)
//
// so that what the runtime says when it is taken holds for the call, to the line. It is written, one object of JSON a
// line and one write each, to standard output or to the file that $DURESS_TRUTH names.
package mark

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"runtime"
	"strconv"
	"sync"
	"syscall"
)

// Truth is what the runtime says of one call.
type Truth struct {
	// Mark is the argument by which the call is known; for an execve, the end of its path.
	Mark uint64 `json:"mark"`
	// Call is the system call.
	Call string `json:"call"`
	// What is the way in which it is made.
	What string `json:"what"`
	// Leaf is what lies between the call and the first of Frames.
	Leaf Leaf `json:"leaf"`
	// Frames is the call path, innermost first, as runtime.CallersFrames has it: inlined functions are in it, wrappers that
	// the compiler made are not.
	Frames []Frame `json:"frames"`
	// Goroutine is the number of the goroutine.
	Goroutine uint64 `json:"goroutine"`
	// Creator is who started the goroutine; nobody for the first, and where that is the runtime's own business.
	Creator *Creator `json:"creator"`
	// Test is the test or subtest that the call belongs to, where there is one.
	Test string `json:"test,omitempty"`
	// Ties is how the goroutine belongs to the test.
	Ties Ties `json:"ties,omitempty"`
}

// Frame is one step of a call path.
type Frame struct {
	Function string `json:"function"`
	File     string `json:"file"`
	Line     int    `json:"line"`
}

// Creator is the go statement that started a goroutine.
type Creator struct {
	Frame
	// Goroutine is the number of the goroutine that it was in; 0 where the runtime does not say (before Go 1.21).
	Goroutine uint64 `json:"goroutine"`
}

// Leaf is what lies between a system call and the function that took its mark.
type Leaf string

const (
	// Exact: nothing but the functions of package syscall.
	Exact Leaf = "exact"
	// Below: functions of other packages.
	Below Leaf = "below"
	// Foreign: C.
	Foreign Leaf = "foreign"
)

// Ties is how a goroutine belongs to a test.
type Ties string

const (
	// Own: it is the test's own, or was started by it, or by one that was, and all of those are alive.
	Own Ties = "own"
	// Loose: one of those in between is over, or the runtime or nobody's goroutine makes the call for the test: whoever
	// looks from outside may know it, or know nothing.
	Loose Ties = "loose"
	// None: it belongs to no test.
	None Ties = "none"
)

// Here takes a mark for a getpgid on the same line.
//
//go:noinline
func Here(what string) uintptr {
	return uintptr(take(Truth{Call: "getpgid", What: what, Leaf: Exact}))
}

// Through takes a mark for this call, which functions of other packages make for the caller, on the same line.
//
//go:noinline
func Through(call, what string) int64 {
	return int64(take(Truth{Call: call, What: what, Leaf: Below}))
}

// InC takes a mark for a getpgid that C makes, called on the same line.
//
//go:noinline
func InC(what string) uintptr {
	return uintptr(take(Truth{Call: "getpgid", What: what, Leaf: Foreign}))
}

// Program takes a mark for an execve, which fails: the path of a program that is not there.
//
//go:noinline
func Program(what string) string {
	return fmt.Sprintf("/duress-mark/%d", take(Truth{Call: "execve", What: what, Leaf: Below}))
}

// Call makes a marked call. It is small for its callers, so that they can be inlined.
//
//go:noinline
func Call(what string) {
	syscall.Syscall(syscall.SYS_GETPGID, uintptr(take1(Truth{What: what})), 0, 0)
}

// Test makes a marked call for this test; its name is "" where there is none.
//
//go:noinline
func Test(name string, ties Ties, what string) {
	syscall.Syscall(syscall.SYS_GETPGID, uintptr(take1(Truth{What: what, Test: name, Ties: ties})), 0, 0)
}

// first is where marks begin: far from what a program would use as a length, an offset or a process.
const first = 1000001

var (
	lock sync.Mutex
	next uint64 = first
	out         = open()
)

func open() *os.File {
	path := os.Getenv("DURESS_TRUTH")
	if path == "" {
		return os.Stdout
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		panic(err)
	}
	return file
}

// take writes the truth about the caller of its caller.
//
//go:noinline
func take(truth Truth) uint64 { return record(truth, 4) }

// take1 writes the truth about its caller, which makes a getpgid.
//
//go:noinline
func take1(truth Truth) uint64 {
	truth.Call, truth.Leaf = "getpgid", Exact
	return record(truth, 3)
}

//go:noinline
func record(truth Truth, skip int) uint64 {
	// Of 0, 1 and 2, as runtime.Callers counts, 1 is this function.
	pcs := make([]uintptr, 1024)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(skip, pcs)])
	for {
		frame, more := frames.Next()
		truth.Frames = append(truth.Frames, Frame{frame.Function, frame.File, frame.Line})
		if !more {
			break
		}
	}
	truth.Goroutine, truth.Creator = goroutine()

	lock.Lock()
	defer lock.Unlock()
	truth.Mark = next
	next++
	line, err := json.Marshal(truth)
	if err != nil {
		panic(err)
	}
	if _, err := out.Write(append(line, '\n')); err != nil {
		panic(err)
	}
	return truth.Mark
}

var (
	heading = regexp.MustCompile(`^goroutine (\d+) `)
	created = regexp.MustCompile(`(?m)^created by (.+?)(?: in goroutine (\d+))?\n\t(.+):(\d+)(?: \+0x[0-9a-f]+)?$`)
)

// goroutine is the number of the one that asks, and who started it, as the runtime prints them.
func goroutine() (uint64, *Creator) {
	text := make([]byte, 1<<16)
	for runtime.Stack(text, false) == len(text) {
		text = make([]byte, 2*len(text))
	}
	text = bytes.TrimRight(text, "\x00")
	parts := heading.FindSubmatch(text)
	if parts == nil {
		panic(fmt.Sprintf("the runtime printed %q", text))
	}
	own := number(parts[1])
	parts = created.FindSubmatch(text)
	if parts == nil {
		return own, nil
	}
	frame := Frame{string(parts[1]), string(parts[3]), int(number(parts[4]))}
	return own, &Creator{frame, number(parts[2])}
}

func number(digits []byte) uint64 {
	if len(digits) == 0 {
		return 0
	}
	value, err := strconv.ParseUint(string(digits), 10, 64)
	if err != nil {
		panic(err)
	}
	return value
}
