// Package switches asks whether the GODEBUG settings that the document derives
// from system calls show what is wrong, and can be set while a program runs.
package switches

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"runtime"
	"runtime/pprof"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

func holdLock(mutex *sync.Mutex, until time.Time) {
	for time.Now().Before(until) {
		mutex.Lock()
		time.Sleep(time.Millisecond)
		mutex.Unlock()
	}
}

// TestContention has four goroutines fight for a lock.
func TestContention(t *testing.T) {
	runtime.SetMutexProfileFraction(1)
	defer runtime.SetMutexProfileFraction(0)
	var mutex sync.Mutex
	var all sync.WaitGroup
	until := time.Now().Add(300 * time.Millisecond)
	for i := 0; i < 4; i++ {
		all.Add(1)
		go func() {
			defer all.Done()
			holdLock(&mutex, until)
		}()
	}
	all.Wait()
	var profile bytes.Buffer
	if err := pprof.Lookup("mutex").WriteTo(&profile, 1); err != nil {
		t.Fatal(err)
	}
	t.Logf("the mutex profile names who holds the lock: %t", strings.Contains(profile.String(), "holdLock"))
}

// TestThreads blocks 20 goroutines in system calls, each of which takes a thread.
func TestThreads(t *testing.T) {
	const readers = 20
	var fds [2]int
	if err := syscall.Pipe2(fds[:], syscall.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for i := 0; i < readers; i++ {
		all.Add(1)
		go func() {
			defer all.Done()
			syscall.Read(fds[0], make([]byte, 1))
		}()
	}
	threads := 0
	for end := time.Now().Add(5 * time.Second); threads < readers && time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		tasks, err := os.ReadDir("/proc/self/task")
		if err != nil {
			t.Fatal(err)
		}
		threads = len(tasks)
	}
	t.Logf("20 threads or more: %t", threads >= readers)
	syscall.Close(fds[1])
	all.Wait()
	syscall.Close(fds[0])
}

func compute(d time.Duration) {
	for until := time.Now().Add(d); time.Now().Before(until); {
	}
}

func TestSchedtrace(t *testing.T) { compute(250 * time.Millisecond) }

// What a debugger that attaches could do at best: call os.Setenv.
func TestSchedtraceWhileRunning(t *testing.T) {
	t.Setenv("GODEBUG", "schedtrace=50")
	compute(250 * time.Millisecond)
	out, err := exec.Command("printenv", "GODEBUG").Output()
	t.Logf("children get GODEBUG %q (err %v)", out, err)
}

func TestNetdns(t *testing.T) {
	addresses, err := net.LookupHost("localhost")
	t.Logf("localhost: %d or more: %t, err %v", 1, len(addresses) > 0, err)
}

func TestNetdnsWhileRunning(t *testing.T) {
	TestNetdns(t)
	t.Setenv("GODEBUG", "netdns=go+2")
	TestNetdns(t)
}
