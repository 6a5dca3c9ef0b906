// Package dns looks names up at a server of its own. Its address is in
// resolv.conf, which a persona replaces; port 53, which takes root to listen on,
// is changed on the way, in the argument of connect.
package dns

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// server is where the rule on connect leads queries for 127.62.0.1:53.
const server = "127.62.0.1:15353"

// queries counts what arrives, and of it what has EDNS0, which Go's resolver
// sends and glibc's does not, unless resolv.conf says so.
type queries struct{ all, edns0 atomic.Int64 }

// listen answers every query for an A record with 192.0.2.1, and others with
// nothing; or no query at all.
func listen(t *testing.T, isSilent bool) *queries {
	t.Helper()
	conn, err := net.ListenPacket("udp", server)
	// Another run may have the port for a while.
	for end := time.Now().Add(20 * time.Second); errors.Is(err, syscall.EADDRINUSE) && time.Now().Before(end); {
		time.Sleep(20 * time.Millisecond)
		conn, err = net.ListenPacket("udp", server)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	counted := new(queries)
	go func() {
		packet := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(packet)
			if err != nil {
				return
			}
			counted.all.Add(1)
			if binary.BigEndian.Uint16(packet[10:]) > 0 {
				counted.edns0.Add(1)
			}
			if !isSilent {
				conn.WriteTo(answer(packet[:n]), from)
			}
		}
	}()
	return counted
}

// answer makes the response to a query of one question.
func answer(query []byte) []byte {
	const header = 12
	end := header
	for query[end] != 0 {
		end += 1 + int(query[end])
	}
	end += 5 // the root label, type and class
	response := append([]byte{}, query[:end]...)
	isA := binary.BigEndian.Uint16(query[end-4:]) == 1
	binary.BigEndian.PutUint16(response[2:], 0x8180) // response, recursion desired and available
	binary.BigEndian.PutUint16(response[6:], 0)
	binary.BigEndian.PutUint32(response[8:], 0) // no authorities, nothing additional
	if isA {
		binary.BigEndian.PutUint16(response[6:], 1)
		// The name of the question, A, IN, 60 s, 4 bytes: 192.0.2.1.
		response = append(response, 0xc0, header, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 1)
	}
	return response
}

func lookup(t *testing.T, counted *queries) {
	t.Helper()
	begin := time.Now()
	addresses, err := net.DefaultResolver.LookupHost(context.Background(), "host.example.test.")
	t.Logf("addresses: %v, isTimeout=%t", addresses, isTimeout(err))
	t.Logf("error: %v", err)
	t.Logf("queries=%d with_edns0=%d waited_1s=%t", counted.all.Load(), counted.edns0.Load(), time.Since(begin) > 900*time.Millisecond)
}

func isTimeout(err error) bool {
	var failure *net.DNSError
	return errors.As(err, &failure) && failure.IsTimeout
}

func TestAnswered(t *testing.T) { lookup(t, listen(t, false)) }

func TestDropped(t *testing.T) { lookup(t, listen(t, true)) }
