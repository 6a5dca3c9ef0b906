package network

import (
	"net"
	"runtime"
	"strings"
	"testing"
	"time"
)

// pair makes a connection on loopback, both ends of it.
func pair(t *testing.T) (client, server net.Conn) {
	t.Helper()
	listener := listen(t)
	dialed := make(chan net.Conn, 1)
	go func() {
		conn, err := net.Dial("tcp", listener.Addr().String())
		if err != nil {
			t.Error(err)
		}
		dialed <- conn
	}()
	server, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	client = <-dialed
	if client == nil {
		t.FailNow()
	}
	t.Cleanup(func() {
		client.Close()
		server.Close()
	})
	return client, server
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	return listener
}

// state waits until some goroutine rests with this function on its stack, and
// says as what a goroutine dump tells it: "IO wait", "syscall". One that is
// seen in the same state three times, 10 ms apart, rests.
func state(t *testing.T, function string) string {
	t.Helper()
	was, times := "", 0
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		is := look(function)
		if is != was {
			was, times = is, 0
		}
		if times++; was != "" && times == 3 {
			return was
		}
	}
	t.Fatalf("no goroutine rests in %s", function)
	return ""
}

// look says in which state the first goroutine with this function is now.
func look(function string) string {
	dump := make([]byte, 1<<20)
	dump = dump[:runtime.Stack(dump, true)]
	for _, goroutine := range strings.Split(string(dump), "\n\n") {
		head, stack, _ := strings.Cut(goroutine, "\n")
		if !strings.Contains(stack, function) {
			continue
		}
		_, state, _ := strings.Cut(head, "[")
		state, _, _ = strings.Cut(state, "]")
		state, _, _ = strings.Cut(state, ",")
		return state
	}
	return ""
}
