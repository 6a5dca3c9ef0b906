package start

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
)

// Three children, one after the other; each start tells how it went.
func TestStarts(t *testing.T) {
	started := 0
	for i := 1; i <= 3; i++ {
		err := exec.Command("/bin/true").Run()
		t.Logf("start %d: %v", i, err)
		if err != nil {
			t.Fail()
			continue
		}
		started++
	}
	t.Logf("started=%d", started)
}

// A child in a user namespace of its own, and then a plain one.
func TestUserNamespace(t *testing.T) {
	cmd := exec.Command("/bin/true")
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	report(t, "in a user namespace", cmd.Run())
	report(t, "plain", exec.Command("/bin/true").Run())
}

// The same, but it is the child that leaves its parent's user namespace.
func TestUnshareUserNamespace(t *testing.T) {
	cmd := exec.Command("/bin/true")
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWUSER}
	report(t, "that unshares its user namespace", cmd.Run())
	report(t, "plain", exec.Command("/bin/true").Run())
}

// The kernel refuses by itself: a process with several threads, as every Go program is, cannot change its own.
func TestUnshareInProcess(t *testing.T) {
	err := syscall.Unshare(syscall.CLONE_NEWUSER)
	t.Logf("unshare of the test's own user namespace: %v", err)
	if err != nil {
		t.Fail()
	}
}

func report(t *testing.T, what string, err error) {
	t.Helper()
	t.Logf("a child %s: %v", what, err)
	if err != nil {
		t.Fail()
	}
}

// With SIGCHLD ignored the kernel reaps children by itself, and there is nothing left to wait for.
func TestIgnoredSIGCHLD(t *testing.T) {
	signal.Ignore(syscall.SIGCHLD)
	TestStarts(t)
}

// The same for a program that is started so: SIG_IGN outlives execve.
func TestInheritedSIGCHLD(t *testing.T) {
	signal.Ignore(syscall.SIGCHLD)
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(string(status), "\n") {
		if strings.HasPrefix(line, "SigIgn:") {
			fmt.Println(line) // what is logged would be lost in execve
		}
	}
	t.Fatal(syscall.Exec(os.Args[0], []string{os.Args[0], "-test.v", "-test.run=^TestStarts$"}, os.Environ()))
}
