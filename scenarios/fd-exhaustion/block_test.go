package network

import (
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// blocked counts the places in the block profile that have each of these
// functions on their stack.
func blocked(functions ...string) map[string]int {
	records := make([]runtime.BlockProfileRecord, 1000)
	n, _ := runtime.BlockProfile(records)
	places := map[string]int{}
	for _, record := range records[:n] {
		frames, stack := runtime.CallersFrames(record.Stack()), ""
		for more := true; more; {
			var frame runtime.Frame
			frame, more = frames.Next()
			stack += frame.Function + "\n"
		}
		for _, function := range functions {
			if strings.Contains(stack, function+"\n") {
				places[function]++
			}
		}
	}
	return places
}

const (
	connRead  = "net.(*conn).Read"
	waitGroup = "sync.(*WaitGroup).Wait"
	pollWait  = "internal/poll.runtime_pollWait"
)

// profiled has so many goroutines read from one connection until each has a
// byte, another wait for them, and tells what the block profile, which is of
// every event, has of it.
func profiled(t *testing.T, readers int) {
	runtime.SetBlockProfileRate(1)
	defer runtime.SetBlockProfileRate(0)
	client, server := pair(t)
	var group sync.WaitGroup
	for i := 0; i < readers; i++ {
		group.Add(1)
		go func(conn net.Conn) {
			defer group.Done()
			if _, err := conn.Read(make([]byte, 1)); err != nil {
				t.Error(err)
			}
		}(client)
	}
	waited := make(chan struct{})
	go func() {
		group.Wait()
		close(waited)
	}()
	t.Logf("reader waits as: %s", state(t, pollWait))
	t.Logf("group waits as: %s", state(t, waitGroup))
	if readers > 1 {
		t.Logf("second reader waits as: %s", state(t, "internal/poll.(*fdMutex).rwlock"))
	}
	if _, err := server.Write(make([]byte, readers)); err != nil {
		t.Fatal(err)
	}
	<-waited
	places := blocked(connRead, waitGroup, pollWait)
	t.Logf("conn_read=%d poll_wait=%d wait_group=%d", places[connRead], places[pollWait], places[waitGroup])
}

func TestBlockProfile(t *testing.T)           { profiled(t, 1) }
func TestBlockProfileTwoReaders(t *testing.T) { profiled(t, 2) }
