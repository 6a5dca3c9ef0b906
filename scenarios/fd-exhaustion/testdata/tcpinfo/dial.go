// Package tcpinfo is the document's program, with the address behind
// net.Dial as that takes it.
package tcpinfo

import (
	"net"
	"syscall"
)

func roundTrip(address string) (uint32, error) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return 0, err
	}
	rawConn, err := conn.(*net.TCPConn).SyscallConn()
	if err != nil {
		return 0, err
	}
	var info syscall.TCPInfo
	rawConn.Control(func(fd uintptr) {
		syscall.GetsockoptTCPInfo(int(fd), &info)
	})
	return info.Rtt, nil
}
