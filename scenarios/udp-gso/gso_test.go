// Package gso sends datagrams in one call, for the kernel to cut apart (UDP_SEGMENT), and counts what arrives.
package gso

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

const (
	solUDP     = 17
	udpSegment = 103
	segment    = 500
	segments   = 4
)

// TestSegments has no fallback.
func TestSegments(t *testing.T) { testSend(t, sendSegments) }

// TestFallback has that of github.com/quic-go/quic-go: EIO means that the device cannot do it, and each datagram is sent for itself.
func TestFallback(t *testing.T) {
	testSend(t, func(conn *net.UDPConn, to *net.UDPAddr, data []byte) error {
		err := sendSegments(conn, to, data)
		if !errors.Is(err, syscall.EIO) {
			return err
		}
		t.Logf("without segments, after: %v", err)
		for ; len(data) > 0; data = data[segment:] {
			if _, err := conn.WriteToUDP(data[:segment], to); err != nil {
				return err
			}
		}
		return nil
	})
}

func sendSegments(conn *net.UDPConn, to *net.UDPAddr, data []byte) error {
	control := make([]byte, syscall.CmsgSpace(2))
	header := (*syscall.Cmsghdr)(unsafe.Pointer(&control[0]))
	header.Level = solUDP
	header.Type = udpSegment
	header.SetLen(syscall.CmsgLen(2))
	binary.LittleEndian.PutUint16(control[syscall.CmsgLen(0):], segment)
	_, _, err := conn.WriteMsgUDP(data, control, to)
	return err
}

func testSend(t *testing.T, send func(*net.UDPConn, *net.UDPAddr, []byte) error) {
	t.Helper()
	receiver, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer receiver.Close()
	sender, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer sender.Close()
	data := bytes.Repeat([]byte("0123456789"), segments*segment/10)
	if err := send(sender, receiver.LocalAddr().(*net.UDPAddr), data); err != nil {
		t.Fatalf("sending: %v", err)
	}
	if err := receiver.SetReadDeadline(time.Now().Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	received := 0
	for b := make([]byte, 2*segment); received < segments; received++ {
		n, err := receiver.Read(b)
		if err != nil || n != segment {
			t.Fatalf("received %d bytes after %d datagrams: %v", n, received, err)
		}
	}
	t.Logf("received=%d", received)
}
