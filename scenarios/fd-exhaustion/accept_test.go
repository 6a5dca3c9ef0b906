package network

import (
	"errors"
	"net"
	"syscall"
	"testing"
)

// TestAccept accepts one connection, for which it has to wait.
func TestAccept(t *testing.T) {
	listener := listen(t)
	accepted := make(chan error, 1)
	go func() {
		conn, err := listener.Accept()
		if err == nil {
			conn.Close()
		}
		accepted <- err
	}()
	t.Logf("waiting as: %s", state(t, "net.(*TCPListener).Accept"))
	conn, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	tellAccept(t, <-accepted)
}

// TestAcceptReady accepts one that is there already.
func TestAcceptReady(t *testing.T) {
	listener := listen(t)
	client, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	conn, err := listener.Accept()
	if err == nil {
		conn.Close()
	}
	tellAccept(t, err)
}

func tellAccept(t *testing.T, err error) {
	t.Helper()
	t.Logf("accept: err=%v is_EMFILE=%v", err, errors.Is(err, syscall.EMFILE))
}
