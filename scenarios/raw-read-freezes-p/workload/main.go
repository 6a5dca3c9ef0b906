// Command workload has goroutines in every state for 350 ms: one computes, one
// is in a system call, one waits for a channel.
package main

import (
	"fmt"
	"os"
	"syscall"
	"time"
)

func compute(until time.Time) {
	for time.Now().Before(until) {
	}
}

func blockInRead(fd int) { syscall.Read(fd, make([]byte, 1)) }

func waitForChannel(c <-chan struct{}) { <-c }

func main() {
	var fds [2]int
	if err := syscall.Pipe2(fds[:], syscall.O_CLOEXEC); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	go blockInRead(fds[0])
	go waitForChannel(make(chan struct{}))
	compute(time.Now().Add(350 * time.Millisecond))
	fmt.Println("done")
}
