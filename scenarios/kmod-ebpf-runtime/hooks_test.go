package hooks

import (
	"net"
	"os"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// TestFunctionsExist looks for the functions that the document would wrap.
func TestFunctionsExist(t *testing.T) {
	symbols, err := os.ReadFile("/proc/kallsyms")
	if err != nil {
		t.Fatal(err)
	}
	functions := 0
	for _, name := range []string{"__x64_sys_clone", "__x64_sys_mmap", "__x64_sys_epoll_wait"} {
		if strings.Contains(string(symbols), " T "+name+"\n") {
			functions++
		}
	}
	t.Logf("functions=%d", functions)
}

// work starts threads, maps memory and waits for the network.
func work(t *testing.T) {
	const wanted = 8
	var ready, done sync.WaitGroup
	release := make(chan struct{})
	threads := make(chan int, wanted)
	for i := 0; i < wanted; i++ {
		ready.Add(1)
		done.Add(1)
		go func() {
			defer done.Done()
			runtime.LockOSThread()
			threads <- syscall.Gettid()
			ready.Done()
			<-release
		}()
	}
	ready.Wait()
	close(release)
	done.Wait()
	close(threads)
	different := map[int]bool{}
	for thread := range threads {
		different[thread] = true
	}
	memory, err := syscall.Mmap(-1, 0, 1<<16, syscall.PROT_READ, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	syscall.Munmap(memory)

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	time.AfterFunc(20*time.Millisecond, func() {
		if conn, err := net.Dial("tcp", listener.Addr().String()); err == nil {
			conn.Close()
		}
	})
	conn, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	t.Logf("threads=%d mapped=%d accepted=1", len(different), len(memory))
}

// observe works under a program that answers so, and tells what that saw.
func observe(t *testing.T, answer int32) {
	hook, err := attach(answer)
	if err != nil {
		t.Fatal(err)
	}
	defer hook.close()
	work(t)
	for name, number := range map[string]uint32{
		"clone":       syscall.SYS_CLONE,
		"clone3":      435,
		"mmap":        syscall.SYS_MMAP,
		"epoll_wait":  syscall.SYS_EPOLL_WAIT,
		"epoll_pwait": syscall.SYS_EPOLL_PWAIT,
	} {
		count, err := hook.count(number)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s=%d", name, count)
	}
}

func TestObserve(t *testing.T) { observe(t, 0) }

// TestAnswer has the program answer as the calls' own failures would be.
func TestAnswer(t *testing.T) { observe(t, -int32(syscall.EPERM)) }
