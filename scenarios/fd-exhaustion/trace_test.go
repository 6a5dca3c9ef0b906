package network

import (
	"bytes"
	"runtime/trace"
	"strings"
	"testing"
)

// TestTrace has a goroutine wait in Read while runtime/trace runs, and looks
// for that in the trace: function names and events' texts are in it as such.
func TestTrace(t *testing.T) {
	var recorded bytes.Buffer
	if err := trace.Start(&recorded); err != nil {
		t.Fatal(err)
	}
	client, server := pair(t)
	done := make(chan error, 1)
	go func() {
		_, err := client.Read(make([]byte, 1))
		done <- err
	}()
	t.Logf("reader waits as: %s", state(t, connRead))
	if _, err := server.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	trace.Stop()
	has := func(text string) int { return strings.Count(recorded.String(), text) }
	t.Logf("bytes=%d conn_read=%d netpoll_block_duration=%d", recorded.Len(), has(connRead), has("netpoll block"))
}
