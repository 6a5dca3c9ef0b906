package perf

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// spent is the processor time of this process so far.
func spent() time.Duration {
	var usage syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &usage) != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// check is the document's health check, with the one event more that every
// host counts. Gives what it says of each event.
func check(t *testing.T) map[string]string {
	t.Helper()
	command := exec.Command("perf", "stat", "-x,", "-e", "cycles,instructions,task-clock", "--", "sleep", "0.3")
	command.Env = append(os.Environ(), "LC_ALL=C")
	output, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("perf stat: %v\n%s", err, output)
	}
	said := map[string]string{}
	for _, line := range strings.Split(string(output), "\n") {
		if fields := strings.Split(line, ","); len(fields) > 2 {
			said[strings.TrimSuffix(fields[2], ":u")] = fields[0]
		}
	}
	return said
}

// TestHealthCheck does the check while this process, the service, is idle and
// while it works as hard as it can.
func TestHealthCheck(t *testing.T) {
	for _, how := range []string{"idle", "busy"} {
		var stop atomic.Bool
		var wait sync.WaitGroup
		if how == "busy" {
			for i := 0; i < runtime.NumCPU(); i++ {
				wait.Add(1)
				go func() {
					defer wait.Done()
					for !stop.Load() {
					}
				}()
			}
		}
		before := spent()
		said := check(t)
		used := spent() - before
		stop.Store(true)
		wait.Wait()
		seen, err := strconv.ParseFloat(said["task-clock"], 64)
		if err != nil {
			t.Fatalf("task-clock is %q", said["task-clock"])
		}
		fmt.Printf("%s_service_ms=%d %s_seen_ms=%d\n", how, used.Milliseconds(), how, int(seen))
		if how == "busy" {
			fmt.Printf("cycles: %s, instructions: %s\n", said["cycles"], said["instructions"])
		}
	}
}
