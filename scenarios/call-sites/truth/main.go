// Truth makes marked system calls in every way that Go has of calling a function, and says of each where it is made: package
// mark says how.
package main

import (
	"os"

	"example.com/callsites/mark"
)

// The ways; files that need a newer Go, or cgo, add theirs.
var ways = []func(){plain, methods, generics, unwinding, library, goroutines}

// file is what calls on files are made on.
var file *os.File

func main() {
	var err error
	if file, err = os.CreateTemp("", "callsites-"); err != nil {
		panic(err)
	}
	defer file.Close()
	if err := os.Remove(file.Name()); err != nil {
		panic(err)
	}
	for _, way := range ways {
		way()
	}
	mark.Call("last")
}
