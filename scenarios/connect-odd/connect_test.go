package connect

import (
	"net"
	"os"
	"syscall"
	"testing"
)

// listen accepts connections, and answers each with a word.
func listen(t *testing.T) *net.TCPAddr {
	t.Helper()
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			conn.Write([]byte("rock"))
			conn.Close()
		}
	}()
	return listener.Addr().(*net.TCPAddr)
}

// TestDial connects as Go programs do.
func TestDial(t *testing.T) {
	conn, err := net.Dial("tcp4", listen(t).String())
	if err != nil {
		t.Fatalf("Dial: %v", err)
	}
	defer conn.Close()
	text := make([]byte, 10)
	n, err := conn.Read(text)
	t.Logf("Dial: received %q, err=%v", text[:n], err)
	if string(text[:n]) != "rock" {
		t.Fail()
	}
}

// TestRaw connects by the bare system call, once, as some libraries do.
func TestRaw(t *testing.T) {
	address := listen(t)
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	file := os.NewFile(uintptr(fd), "socket")
	defer file.Close()
	to := &syscall.SockaddrInet4{Port: address.Port}
	copy(to.Addr[:], address.IP.To4())
	if err := syscall.Connect(fd, to); err != nil {
		t.Fatalf("Connect: %v", err)
	}
	text := make([]byte, 10)
	n, err := file.Read(text)
	t.Logf("Connect: received %q, err=%v", text[:n], err)
	if string(text[:n]) != "rock" {
		t.Fail()
	}
}
