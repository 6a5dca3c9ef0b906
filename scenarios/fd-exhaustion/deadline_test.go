package network

import (
	"errors"
	"net"
	"os"
	"testing"
	"time"
)

// read reads once, and tells what came of it and whether that was in time.
func read(t *testing.T, conn net.Conn, deadline time.Duration) {
	t.Helper()
	begin := time.Now()
	if deadline > 0 {
		conn.SetReadDeadline(begin.Add(deadline))
	}
	n, err := conn.Read(make([]byte, 16))
	took := time.Since(begin)
	t.Logf("read: n=%d timeout=%v err=%v", n, errors.Is(err, os.ErrDeadlineExceeded), err)
	t.Logf("took_ms=%d", took.Milliseconds())
}

// The peer never says a word.

func TestSilentPeerDeadline(t *testing.T) {
	client, _ := pair(t)
	read(t, client, 100*time.Millisecond)
}

func TestSilentPeerNoDeadline(t *testing.T) {
	client, _ := pair(t)
	t.Log("reading without a deadline")
	read(t, client, 0)
}

// TestTalkingPeerDeadline reads what is there already.
func TestTalkingPeerDeadline(t *testing.T) {
	client, server := pair(t)
	if _, err := server.Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	read(t, client, 100*time.Millisecond)
}
