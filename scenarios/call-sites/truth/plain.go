package main

import (
	"syscall"

	"example.com/callsites/mark"
)

// atInit is made before main is.
var atInit = initial()

func initial() bool {
	mark.Call("variable initialiser")
	return true
}

func init() {
	syscall.Syscall(syscall.SYS_GETPGID, mark.Here("init"), 0, 0)
}

func plain() {
	entries()
	outer(1)
	inlined1()
	closures()
	recurse(200)
	manyResults(mark.Call)
}

// entries are the four ways into the kernel.
func entries() {
	syscall.Syscall(syscall.SYS_GETPGID, mark.Here("Syscall"), 0, 0)
	syscall.Syscall6(syscall.SYS_GETPGID, mark.Here("Syscall6"), 0, 0, 0, 0, 0)
	syscall.RawSyscall(syscall.SYS_GETPGID, mark.Here("RawSyscall"), 0, 0)
	syscall.RawSyscall6(syscall.SYS_GETPGID, mark.Here("RawSyscall6"), 0, 0, 0, 0, 0)
	syscall.Getpgid(int(mark.Here("Getpgid")))
}

//go:noinline
func outer(n int) {
	middle(n + 1)
	mark.Call("after a call that returned")
}

//go:noinline
func middle(n int) { innermost(n + 1) }

//go:noinline
func innermost(n int) {
	if n > 0 {
		syscall.Syscall(syscall.SYS_GETPGID, mark.Here("nested"), 0, 0)
	}
}

// Three functions that the compiler puts into their caller.

func inlined1() {
	inlined2()
}

func inlined2() {
	inlined3()
}

func inlined3() {
	mark.Call("inlined three deep")
}

func closures() {
	captured := 1
	func() {
		captured++
		syscall.Syscall(syscall.SYS_GETPGID, mark.Here("closure"), 0, 0)
		func() {
			captured++
			syscall.Syscall(syscall.SYS_GETPGID, mark.Here("closure in a closure"), 0, 0)
		}()
	}()
	kept := func(what string) { captured++; mark.Call(what) }
	apply(kept, "closure that is passed")
	applyInlined(func(what string) { mark.Call(what) }, "closure in an inlined function")
	makeClosure()()
	if captured != 4 {
		panic(captured)
	}
}

//go:noinline
func apply(f func(string), what string) { f(what) }

func applyInlined(f func(string), what string) { f(what) }

// makeClosure is inlined, and the closure is named after the function that it is inlined into.
func makeClosure() func() {
	return func() { mark.Call("closure of an inlined function") }
}

func recurse(depth int) {
	if depth == 0 {
		syscall.Syscall(syscall.SYS_GETPGID, mark.Here("recursion"), 0, 0)
		return
	}
	var padding [64]byte
	padding[depth%64] = byte(depth)
	recurse(depth - 1)
	if padding[depth%64] != byte(depth) {
		panic(depth)
	}
}

// manyResults has a frame of several kilobytes.
//
//go:noinline
func manyResults(f func(string)) (results [1000]int) {
	f("large frame")
	results[7] = 7
	return results
}
