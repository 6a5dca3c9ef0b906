//go:build cgo

package main

// #cgo LDFLAGS: -lpthread
// #include "foreign.h"
import "C"

import "example.com/callsites/mark"

func init() { ways = append(ways, foreign) }

// foreign makes calls in C, and in Go that C has called.
func foreign() {
	C.call(C.long(mark.InC("C")))
	throughC(1)
	C.call_back(back)
	mark.Call("after C")
	C.call_back(backIntoC)
	C.call_back(backTwice)
	C.thread(back)
	C.thread(backIntoC)
	wait(func(done func()) {
		go func() {
			defer done()
			C.call(C.long(mark.InC("C on a goroutine")))
			C.call_back(back)
		}()
	})
}

//go:noinline
func throughC(n int) {
	C.deep(C.long(mark.InC("C, some calls deep")), C.int(n))
}

const (
	back = iota
	backIntoC
	backTwice
	backPanicking
)

//export goBack
func goBack(how C.int) {
	switch how {
	case back:
		mark.Call("Go called by C")
	case backIntoC:
		C.call(C.long(mark.InC("C called by Go called by C")))
		mark.Call("Go called by C, after C")
	case backTwice:
		C.call_back(back)
		C.call_back(backPanicking)
		mark.Call("Go called by C, after Go called by C")
	case backPanicking:
		defer func() {
			mark.Call("Go called by C, panicking")
			recover()
		}()
		raise()
	}
}
