// Package block asks what the block profile counts.
package block

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"runtime"
	"runtime/pprof"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const blocked = 100 * time.Millisecond

func readFromNet(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Error(err)
		return
	}
	defer listener.Close()
	client, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Error(err)
		return
	}
	defer client.Close()
	client.SetReadDeadline(time.Now().Add(blocked))
	n, err := client.Read(make([]byte, 1))
	t.Logf("net.Conn.Read: %d bytes, timeout=%t", n, os.IsTimeout(err))
}

func readFromPipe(t *testing.T) {
	var fds [2]int
	if err := syscall.Pipe2(fds[:], syscall.O_CLOEXEC); err != nil {
		t.Error(err)
		return
	}
	defer syscall.Close(fds[0])
	// Its only writer goes away after a while; that ends the read.
	writer := os.NewFile(uintptr(fds[1]), "writer")
	child := exec.Command("sleep", "0.1")
	child.ExtraFiles = []*os.File{writer}
	err := child.Start()
	writer.Close()
	if err != nil {
		t.Error(err)
		return
	}
	defer child.Wait()
	start := time.Now()
	syscall.Read(fds[0], make([]byte, 1))
	t.Logf("syscall.Read: blocked for 50 ms or more=%t", time.Since(start) > blocked/2)
}

func receive() {
	channel := make(chan int)
	time.AfterFunc(blocked, func() { channel <- 1 })
	<-channel
}

func lock() {
	var mutex sync.Mutex
	mutex.Lock()
	time.AfterFunc(blocked, mutex.Unlock)
	mutex.Lock()
}

func TestBlockProfile(t *testing.T) {
	runtime.SetBlockProfileRate(1)
	defer runtime.SetBlockProfileRate(0)
	readFromNet(t)
	readFromPipe(t)
	receive()
	lock()
	var profile bytes.Buffer
	if err := pprof.Lookup("block").WriteTo(&profile, 1); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"receive", "lock", "readFromNet", "readFromPipe"} {
		// Only samples whose own wait it was: one of the network's set-up may have waited for a lock, too.
		in := 0
		for _, line := range strings.Split(profile.String(), "\n") {
			if strings.Contains(line, "block."+name+"+") && strings.Contains(line, "block_test.go:") {
				in++
			}
		}
		t.Logf("in_profile_%s=%d", name, in)
	}
}
