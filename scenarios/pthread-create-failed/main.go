// This program takes threads and memory. With cgo (cgo.go), C's pthread_create
// makes its threads; without, the runtime does.
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"sync"
	"syscall"
)

// hasC is whether cgo is in it.
var hasC bool

const rlimitNproc = 6 // RLIMIT_NPROC, which package syscall does not name

func main() {
	threads := flag.Int("threads", 0, "start so many threads, all at once")
	nproc := flag.Uint64("nproc", 0, "limit the threads of this user to so many")
	heap := flag.Int("heap", 0, "take so many MiB of heap")
	flag.Parse()
	if *nproc > 0 {
		limit := syscall.Rlimit{Cur: *nproc, Max: *nproc}
		if err := syscall.Setrlimit(rlimitNproc, &limit); err != nil {
			fmt.Println("setrlimit:", err)
			os.Exit(1)
		}
	}
	fmt.Printf("cgo=%t\n", hasC)

	// A goroutine that is locked to its thread and waits leaves the others none: each takes one more.
	var started, ended sync.WaitGroup
	end := make(chan bool)
	for i := 0; i < *threads; i++ {
		started.Add(1)
		ended.Add(1)
		go func() {
			runtime.LockOSThread()
			defer ended.Done()
			started.Done()
			<-end
		}()
	}
	started.Wait()
	close(end)
	ended.Wait()
	fmt.Printf("threads=%d\n", *threads)

	var all [][]byte
	for i := 0; i < *heap; i++ {
		all = append(all, make([]byte, 1<<20))
	}
	fmt.Printf("heap_mib=%d\n", len(all))
}
