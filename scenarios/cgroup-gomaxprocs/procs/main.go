// Procs says how many CPUs Go sees, and how many goroutines it runs at once.
package main

import (
	"fmt"
	"runtime"
)

func main() {
	fmt.Printf("NumCPU=%d GOMAXPROCS=%d\n", runtime.NumCPU(), runtime.GOMAXPROCS(0))
}
