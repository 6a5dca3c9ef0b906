package start

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
	"testing"
)

// A child is started, found by its number, signalled and waited for.
func TestProcess(t *testing.T) {
	cmd := exec.Command("/bin/sleep", "60")
	if err := cmd.Start(); err != nil {
		t.Fatalf("start: %v", err)
	}
	found, err := os.FindProcess(cmd.Process.Pid)
	t.Logf("find: %v", err)
	if err == nil {
		err = found.Signal(syscall.Signal(0))
		t.Logf("signal 0: %v", err)
	}
	if err != nil {
		t.Fail()
	}
	err = cmd.Process.Kill()
	t.Logf("kill: %v", err)
	if err != nil {
		t.Fail()
		syscall.Kill(cmd.Process.Pid, syscall.SIGKILL) // it is not to outlive the test
	}
	err = cmd.Wait()
	t.Logf("wait: %v", err)
	var ended *exec.ExitError
	if !errors.As(err, &ended) || ended.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fail()
	}
	if err := cmd.Process.Signal(syscall.SIGKILL); !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("signal after wait: %v", err)
	}
}
