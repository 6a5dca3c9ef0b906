package splice

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// pair gives both ends of a connection.
func pair(t *testing.T, network string) (a, b net.Conn) {
	t.Helper()
	address := "127.0.0.1:0"
	if network == "unix" {
		address = filepath.Join(t.TempDir(), "socket")
	}
	listener, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	a, err = net.Dial(network, listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	b, err = listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close(); b.Close() })
	return a, b
}

// testProxy sends so many bytes through a proxy, which copies with io.Copy from
// one socket to another.
func testProxy(t *testing.T, network string, size int) {
	client, in := pair(t, network)
	out, server := pair(t, "tcp")
	sent := bytes.Repeat([]byte("scissors"), size/8)
	go func() {
		client.Write(sent)
		client.Close()
	}()
	received := make(chan []byte)
	go func() {
		all, _ := io.ReadAll(server)
		received <- all
	}()
	copied, err := io.Copy(out, in)
	out.Close()
	got := <-received
	t.Logf("sent=%d copied=%d received=%d right=%t err=%v", len(sent), copied, len(got), bytes.Equal(got, sent), err)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, sent) {
		t.Fatal("the copy is another one, and no error was reported")
	}
}

func TestTCP(t *testing.T)  { testProxy(t, "tcp", 1<<20) }
func TestUnix(t *testing.T) { testProxy(t, "unix", 1<<20) }

// TestEOF: there is nothing to be copied.
func TestEOF(t *testing.T) { testProxy(t, "tcp", 0) }

// processTime is what this process has used of CPUs.
func processTime() time.Duration {
	var usage syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// TestFullPipe copies from a connection into a pipe that nobody reads for some
// time, and that is a blocking one, as standard output mostly is.
func TestFullPipe(t *testing.T) {
	client, in := pair(t, "tcp")
	var ends [2]int
	if err := syscall.Pipe2(ends[:], syscall.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	r, w := os.NewFile(uintptr(ends[0]), "reading end"), os.NewFile(uintptr(ends[1]), "writing end")
	defer r.Close()
	sent := bytes.Repeat([]byte("scissors"), 1<<17)
	go func() {
		client.Write(sent)
		client.Close()
	}()
	const pause = 300 * time.Millisecond
	received := make(chan []byte)
	before := processTime()
	go func() {
		time.Sleep(pause)
		t.Logf("cpu_ms=%d in a pause of %v", (processTime() - before).Milliseconds(), pause)
		all, _ := io.ReadAll(r)
		received <- all
	}()
	copied, err := io.Copy(w, in)
	w.Close()
	got := <-received
	t.Logf("sent=%d copied=%d right=%t err=%v", len(sent), copied, bytes.Equal(got, sent), err)
	if err != nil || !bytes.Equal(got, sent) {
		t.Fatal(errors.Join(err, errors.New("not what was sent")))
	}
}
