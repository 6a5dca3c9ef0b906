package start

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// Writes a program and runs it, as build tools and test helpers do.
func TestWriteAndRun(t *testing.T) {
	file := program(t)
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	ran(t, exec.Command(file.Name()).Run())
}

// The same while another goroutine has started a child between the opening and the closing of the file. Until
// that child has called execve it holds a copy of the descriptor, open for writing.
func TestWriteWhileChildStarts(t *testing.T) {
	busy(t, exec.Command("/bin/sleep", "0"))
}

// A child that gets a user namespace is made without CLONE_VFORK: not even the goroutine that starts it waits for its execve.
func TestWriteWhileNamespaceStarts(t *testing.T) {
	cmd := exec.Command("/bin/sleep", "0")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER}
	busy(t, cmd)
}

func busy(t *testing.T, child *exec.Cmd) {
	// The first start makes a child more, by which os finds out what clone can do.
	if err := exec.Command("/bin/true").Run(); err != nil {
		t.Fatal(err)
	}
	file := program(t)
	done := make(chan error)
	go func() { done <- child.Run() }()
	for !hasChild(t) { // then it is held before its execve
		time.Sleep(time.Millisecond)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	err := exec.Command(file.Name()).Run()
	if err := <-done; err != nil {
		t.Errorf("the other child: %v", err)
	}
	ran(t, err)
}

func hasChild(t *testing.T) bool {
	files, err := filepath.Glob("/proc/self/task/*/children")
	if err != nil || len(files) == 0 {
		t.Fatalf("this kernel does not tell children: %v", err)
	}
	for _, file := range files {
		// A thread may have ended meanwhile.
		if text, err := os.ReadFile(file); err == nil && len(text) > 0 {
			return true
		}
	}
	return false
}

func ran(t *testing.T, err error) {
	t.Helper()
	t.Logf("the program that was just written: %v", err)
	if errors.Is(err, syscall.ETXTBSY) {
		t.Log("ETXTBSY came back to the caller")
	}
	if err != nil {
		t.Fail()
	}
}

// program gives a copy of /bin/true, still open for writing.
func program(t *testing.T) *os.File {
	t.Helper()
	text, err := os.ReadFile("/bin/true")
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.OpenFile(filepath.Join(t.TempDir(), "program"), os.O_WRONLY|os.O_CREATE, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.Write(text); err != nil {
		t.Fatal(err)
	}
	return file
}
