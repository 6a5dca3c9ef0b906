package mptcp

import (
	"context"
	"io"
	"net"
	"syscall"
	"testing"
	"unsafe"
)

// TestListen serves one plain TCP client.
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
	defer conn.Close()
	text, err := io.ReadAll(conn)
	if string(text) != "rock" || err != nil {
		t.Fatalf("received %q, %v", text, err)
	}
	t.Logf("protocol=%d received %q", protocol(t, listener), text)
}

// protocol is what a listener's socket is of: 6 is TCP, 262 MPTCP.
func protocol(t *testing.T, listener net.Listener) (is int) {
	t.Helper()
	control(t, listener, func(fd int) error {
		var err error
		is, err = syscall.GetsockoptInt(fd, syscall.SOL_SOCKET, soProtocol)
		return err
	})
	return is
}

const (
	soProtocol = 38
	tcpMD5sig  = 14
)

// control does something with a listener's socket.
func control(t *testing.T, listener net.Listener, do func(fd int) error) {
	t.Helper()
	raw, err := listener.(*net.TCPListener).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var failed error
	if err := raw.Control(func(fd uintptr) { failed = do(int(fd)) }); err != nil {
		t.Fatal(err)
	}
	if failed != nil {
		t.Fatal(failed)
	}
}

// TestMD5 has a listener sign what it sends to a peer by MD5 (RFC 2385), as BGP
// speakers do.
func TestMD5(t *testing.T) {
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("listen: %v", err)
	}
	defer listener.Close()
	t.Logf("protocol=%d", protocol(t, listener))
	// struct tcp_md5sig: a struct sockaddr_storage, flags, length of the key, the key.
	var signature [128 + 8 + 80]byte
	signature[0] = syscall.AF_INET
	copy(signature[4:8], net.IPv4(127, 0, 0, 1).To4())
	copy(signature[136:], "secret")
	signature[130] = byte(len("secret"))
	control(t, listener, func(fd int) error {
		_, _, errno := syscall.Syscall6(syscall.SYS_SETSOCKOPT, uintptr(fd), syscall.IPPROTO_TCP, tcpMD5sig,
			uintptr(unsafe.Pointer(&signature[0])), uintptr(len(signature)), 0)
		t.Logf("setsockopt(TCP_MD5SIG) errno=%d (%v)", int(errno), errno)
		if errno != 0 {
			return errno
		}
		return nil
	})
}
