package perf

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// TestRacy has a race: two goroutines write the same variable, and nothing
// orders them. The race detector sees that whatever their real order is.
func TestRacy(t *testing.T) {
	var (
		shared int
		wait   sync.WaitGroup
	)
	for i := 0; i < 2; i++ {
		wait.Add(1)
		go func() {
			defer wait.Done()
			shared++
		}()
	}
	wait.Wait()
	t.Logf("shared=%d", shared)
}

// TestTraces makes a call to ptrace that does nothing: there is no such process.
func TestTraces(t *testing.T) {
	err := syscall.PtraceDetach(1 << 22) // above what a process number can be
	t.Logf("ptrace: %v", err)
}

// TestStarts starts TestCleanUnderRace in so many processes, one after the
// other, and says how they ended.
func TestStarts(t *testing.T) {
	const starts = 10
	clean, signalled, silent := 0, 0, 0
	for i := 0; i < starts; i++ {
		output, err := exec.Command(os.Args[0], "-test.run=^TestCleanUnderRace$", "-test.v").CombinedOutput()
		exit, _ := err.(*exec.ExitError)
		switch {
		case err == nil && strings.Contains(string(output), "--- PASS: TestCleanUnderRace"):
			clean++
		case exit != nil && exit.Sys().(syscall.WaitStatus).Signaled():
			signalled++
		case len(strings.TrimSpace(string(output))) == 0:
			silent++
		default:
			fmt.Printf("%v\n%s\n", err, output)
		}
	}
	fmt.Printf("starts=%d clean=%d signalled=%d silent=%d\n", starts, clean, signalled, silent)
}

// TestShadow says how much address space this process has, and how much of it
// is backed by memory.
func TestShadow(t *testing.T) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	var space, resident int64
	for _, line := range strings.Split(string(status), "\n") {
		fmt.Sscanf(line, "VmSize: %d kB", &space)
		fmt.Sscanf(line, "VmRSS: %d kB", &resident)
	}
	fmt.Printf("address_space_gib=%d resident_mib=%d\n", space>>20, resident>>10)
}
