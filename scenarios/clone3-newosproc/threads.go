// Package threads makes the runtime start threads.
package threads

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
)

// Start keeps n goroutines on a thread each, all at once, and says how many
// threads the process then has.
func Start(n int) {
	var ready, done sync.WaitGroup
	release := make(chan struct{})
	for i := 0; i < n; i++ {
		ready.Add(1)
		done.Add(1)
		go func() {
			defer done.Done()
			runtime.LockOSThread()
			ready.Done()
			<-release
		}()
	}
	ready.Wait()
	status, err := os.ReadFile("/proc/self/status")
	close(release)
	done.Wait()
	for _, line := range strings.Split(string(status), "\n") {
		if count, found := strings.CutPrefix(line, "Threads:"); found {
			fmt.Printf("threads=%s err=%v\n", strings.TrimSpace(count), err)
		}
	}
}
