//go:build go1.23

package main

import (
	"iter"
	"maps"
	"slices"
	"syscall"

	"example.com/callsites/mark"
)

func init() { ways = append(ways, iterators) }

func iterators() {
	for n := range count(2) {
		syscall.Syscall(syscall.SYS_GETPGID, mark.Here("body of a range over a function"), uintptr(n), 0)
	}
	for n := range count(1) {
		for m := range count(1) {
			defer mark.Call("deferred in the body of a range over a function")
			syscall.Syscall(syscall.SYS_GETPGID, mark.Here("body within a body"), uintptr(n+m), 0)
		}
	}
	for range marked("range over a function") {
	}
	for range maps.Keys(map[int]int{1: 1}) {
		mark.Call("body of a range over a function of the library")
	}
	for range slices.Values([]int{1}) {
		mark.Call("body of a range over an inlined function")
	}

	next, stop := iter.Pull(marked("iter.Pull"))
	next()
	next()
	stop()
	next2, stop := iter.Pull2(pairs)
	func() {
		defer stop()
		next2()
		mark.Call("between two pulls")
	}()
}

//go:noinline
func count(n int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := 0; i < n; i++ {
			if !yield(i) {
				return
			}
		}
	}
}

func marked(what string) iter.Seq[int] {
	return func(yield func(int) bool) {
		defer mark.Call(what + ", deferred")
		for i := 0; i < 2; i++ {
			syscall.Syscall(syscall.SYS_GETPGID, mark.Here(what), 0, 0)
			if !yield(i) {
				return
			}
		}
	}
}

func pairs(yield func(int, string) bool) {
	defer mark.Call("iter.Pull2, stopped")
	mark.Call("iter.Pull2")
	yield(1, "1")
}
