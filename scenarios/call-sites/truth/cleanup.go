//go:build go1.24

package main

import (
	"runtime"

	"example.com/callsites/mark"
)

func init() { ways = append(ways, cleanups) }

func cleanups() {
	collected(func(done func()) {
		runtime.AddCleanup(&[16]*int{}, func(what string) {
			mark.Call(what)
			done()
		}, "cleanup")
	})
}
