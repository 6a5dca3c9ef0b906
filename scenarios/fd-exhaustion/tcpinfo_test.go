package network

import (
	"net"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// tcpInfo reads what the kernel knows of a connection. (Package syscall has
// the structure, and no function for it.)
func tcpInfo(conn *net.TCPConn) (info syscall.TCPInfo, err error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return info, err
	}
	size := uint32(unsafe.Sizeof(info))
	var errno syscall.Errno
	err = raw.Control(func(fd uintptr) {
		_, _, errno = syscall.Syscall6(syscall.SYS_GETSOCKOPT, fd, syscall.IPPROTO_TCP, syscall.TCP_INFO,
			uintptr(unsafe.Pointer(&info)), uintptr(unsafe.Pointer(&size)), 0)
	})
	if err == nil && errno != 0 {
		err = errno
	}
	return info, err
}

// TestRoundTrip compares what a client and its server see of a connection's
// beginning with the round trip that the kernel measured.
func TestRoundTrip(t *testing.T) {
	listener := listen(t)
	begin := time.Now()
	accepted := make(chan time.Duration, 1)
	go func() {
		conn, err := listener.Accept()
		accepted <- time.Since(begin)
		if err != nil {
			t.Error(err)
			return
		}
		t.Cleanup(func() { conn.Close() })
	}()
	conn, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	dialed := time.Since(begin)
	info, err := tcpInfo(conn.(*net.TCPConn))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("dial_ms=%d accept_ms=%d", dialed.Milliseconds(), (<-accepted).Milliseconds())
	t.Logf("rtt_us=%d rttvar_us=%d unacked=%d", info.Rtt, info.Rttvar, info.Unacked)
}
