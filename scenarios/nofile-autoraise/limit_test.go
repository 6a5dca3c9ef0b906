// Package limit looks at the limit of open files: its own, which Go raises as it starts, and that of a program it starts.
package limit

import (
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"unsafe"
)

// logLimits tells the limits, soft and hard, ours and those that a shell says it has.
func logLimits(t *testing.T) {
	t.Helper()
	var own syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &own); err != nil {
		t.Logf("own limit: %v", err)
	}
	out, err := exec.Command("sh", "-c", "ulimit -Sn; ulimit -Hn").Output()
	if err != nil {
		t.Fatal(err)
	}
	child := strings.Fields(string(out))
	if len(child) != 2 {
		t.Fatalf("ulimit says %q", out)
	}
	t.Logf("own_soft=%d own_hard=%d", own.Cur, own.Max)
	t.Logf("child_soft=%s child_hard=%s", child[0], child[1])
}

func TestChild(t *testing.T) {
	logLimits(t)
}

// TestFromOutside has its limit changed while it runs, as runc does it to the process that becomes the container. The system
// call is made by the process itself; for package syscall it is as if another had made it.
func TestFromOutside(t *testing.T) {
	limit := syscall.Rlimit{Cur: 512, Max: 4096}
	if _, _, errno := syscall.RawSyscall6(syscall.SYS_PRLIMIT64, 0, syscall.RLIMIT_NOFILE, uintptr(unsafe.Pointer(&limit)), 0, 0, 0); errno != 0 {
		t.Fatal(errno)
	}
	logLimits(t)
}

// TestByPackage changes the limit as package syscall would have it.
func TestByPackage(t *testing.T) {
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: 512, Max: 4096}); err != nil {
		t.Fatal(err)
	}
	logLimits(t)
}
