package main

import (
	"errors"
	"runtime"
	"sync"
	"syscall"

	"example.com/callsites/mark"
)

// unwinding makes calls while functions are left by another way than by their return.
func unwinding() {
	deferred(1)
	deferredInLoop()
	panicking()
	panicInPanic()
	dereference(nil)
	divide(0)
	outOfRange(nil)
	goexit()
}

func deferred(n int) {
	defer func() {
		syscall.Syscall(syscall.SYS_GETPGID, mark.Here("deferred closure"), uintptr(n), 0)
	}()
	defer mark.Call("deferred function with an argument")
	defer value{n}.call("deferred method")
	defer inlined1()
	n++
}

func deferredInLoop() {
	for i := 0; i < 2; i++ {
		defer mark.Call("deferred in a loop")
	}
}

func panicking() {
	defer func() {
		mark.Call("deferred, panicking")
		if recover() == nil {
			panic("there was no panic")
		}
		mark.Call("deferred, recovered")
	}()
	defer mark.Call("deferred function with an argument, panicking")
	raise()
}

//go:noinline
func raise() { panic(errors.New("expected")) }

func panicInPanic() {
	defer func() {
		mark.Call("deferred, with two panics")
		recover()
	}()
	defer func() {
		raise()
	}()
	raise()
}

// The processor notices what is wrong; the kernel sends a signal, and the runtime makes a panic of it.
//
//go:noinline
func dereference(p *pointer) int {
	defer func() {
		mark.Call("deferred, after a nil dereference")
		recover()
		mark.Call("recovered from a nil dereference")
	}()
	return p.n
}

//go:noinline
func divide(n int) int {
	defer func() {
		mark.Call("deferred, after a division by zero")
		recover()
	}()
	return 1 / n
}

//go:noinline
func outOfRange(list []int) int {
	defer func() {
		mark.Call("deferred, after an index out of range")
		recover()
	}()
	return list[3]
}

func goexit() {
	var group sync.WaitGroup
	group.Add(1)
	go func() {
		defer group.Done()
		defer mark.Call("deferred, by Goexit")
		defer func() {
			syscall.Syscall(syscall.SYS_GETPGID, mark.Here("deferred closure, by Goexit"), 0, 0)
		}()
		runtime.Goexit()
	}()
	group.Wait()
}
