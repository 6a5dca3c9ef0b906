package leak

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// secret makes a file that no child is to have open.
func secret(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte("scissors"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// inherited starts a child, and says whether it has the file open.
func inherited(t *testing.T, path string) int {
	t.Helper()
	out, err := exec.Command("ls", "-l", "/proc/self/fd").Output()
	if err != nil {
		t.Fatalf("ls: %v", err)
	}
	if strings.Contains(string(out), path) {
		return 1
	}
	return 0
}

// openHere is how many descriptors of this process are of the file.
func openHere(t *testing.T, path string) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, entry := range entries {
		if to, _ := os.Readlink("/proc/self/fd/" + entry.Name()); to == path {
			n++
		}
	}
	return n
}

// testOpen starts a child while another goroutine is busy with opening the file.
func testOpen(t *testing.T, open func(path string, opened chan<- bool) error) {
	path := secret(t)
	opened, done := make(chan bool, 1), make(chan error, 1)
	go func() { done <- open(path, opened) }()
	<-opened
	inherited := inherited(t, path)
	t.Logf("inherited=%d open_here=%d", inherited, openHere(t, path))
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

// TestOneStep opens it as package os does, with O_CLOEXEC. Whoever holds the
// thread behind openat gives the child time to start before anything else is done.
func TestOneStep(t *testing.T) {
	testOpen(t, func(path string, opened chan<- bool) error {
		time.AfterFunc(50*time.Millisecond, func() { opened <- true })
		file, err := os.Open(path)
		if err != nil {
			return err
		}
		return file.Close()
	})
}

// TestTwoSteps opens it first, and marks it close-on-exec then.
func TestTwoSteps(t *testing.T) {
	testOpen(t, func(path string, opened chan<- bool) error {
		fd, err := syscall.Open(path, syscall.O_RDONLY, 0)
		opened <- true
		if err != nil {
			return err
		}
		syscall.CloseOnExec(fd)
		return syscall.Close(fd)
	})
}

// TestTwoStepsLocked does so as package syscall wants it: while nobody can fork.
func TestTwoStepsLocked(t *testing.T) {
	testOpen(t, func(path string, opened chan<- bool) error {
		syscall.ForkLock.RLock()
		defer syscall.ForkLock.RUnlock()
		fd, err := syscall.Open(path, syscall.O_RDONLY, 0)
		opened <- true
		if err != nil {
			return err
		}
		syscall.CloseOnExec(fd)
		return syscall.Close(fd)
	})
}

// TestClose closes the file, and looks whether it is closed.
func TestClose(t *testing.T) {
	path := secret(t)
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	first, second := file.Close(), file.Close()
	t.Logf("first Close: %v; second Close: %v", first, second)
	t.Logf("left_open=%d", openHere(t, path))
}
