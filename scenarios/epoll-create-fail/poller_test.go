package poller

import (
	"io"
	"net"
	"os"
	"os/exec"
	"testing"
	"time"
)

// TestListen makes the poller's acquaintance by way of a socket.
func TestListen(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("listen: %v", err)
	}
	defer listener.Close()
	go func() {
		if conn, err := net.Dial("tcp", listener.Addr().String()); err == nil {
			conn.Write([]byte("rock"))
			conn.Close()
		}
	}()
	conn, err := listener.Accept()
	if err != nil {
		t.Fatalf("accept: %v", err)
	}
	text, err := io.ReadAll(conn)
	conn.Close()
	t.Logf("received %q, err=%v", text, err)
}

// TestPipe needs a pipe, and one that waits.
func TestPipe(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatalf("os.Pipe: %v", err)
	}
	time.AfterFunc(10*time.Millisecond, func() {
		w.WriteString("paper")
		w.Close()
	})
	text, err := io.ReadAll(r)
	t.Logf("received %q, err=%v", text, err)
}

// TestCommand starts a program, which takes a pipe to hear how that went, and
// another for its output.
func TestCommand(t *testing.T) {
	out, err := exec.Command("/bin/echo", "scissors").Output()
	if err != nil {
		t.Fatalf("exec: %v", err)
	}
	t.Logf("it said %q", out)
}
