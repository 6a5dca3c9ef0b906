package freeze

import (
	"bytes"
	"os"
	"runtime/pprof"
	"strings"
	"syscall"
	"testing"
	"time"
)

func readDirectly(fd int)       { syscall.Read(fd, make([]byte, 1)) }
func readByPoller(f *os.File)   { f.Read(make([]byte, 1)) }
func receive(c <-chan struct{}) { <-c }

// headOf waits until the goroutine that is in this function has blocked, and
// returns what the dump of debug=2 says of it in its first line.
func headOf(t *testing.T, function string) string {
	t.Helper()
	head := "no such goroutine"
	for end := time.Now().Add(2 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		var dump bytes.Buffer
		if err := pprof.Lookup("goroutine").WriteTo(&dump, 2); err != nil {
			t.Fatal(err)
		}
		for _, one := range strings.Split(dump.String(), "\n\n") {
			if !strings.Contains(one, "."+function+"(") {
				continue
			}
			head, _, _ = strings.Cut(one, "\n")
			if !strings.Contains(head, "[runnable") && !strings.Contains(head, "[running") {
				return head
			}
		}
	}
	return head
}

func TestGoroutineDump(t *testing.T) {
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	defer writer.Close()
	channel := make(chan struct{})
	defer close(channel)
	go readDirectly(emptyPipe(t))
	go readByPoller(reader)
	go receive(channel)
	t.Logf("in syscall.Read: %s", headOf(t, "readDirectly"))
	t.Logf("in os.File.Read: %s", headOf(t, "readByPoller"))
	t.Logf("in a channel: %s", headOf(t, "receive"))
}
