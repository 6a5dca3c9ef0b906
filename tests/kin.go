// Tests that start other programs, become them, and die: one test or verb each.
package kin

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

func TestMain(m *testing.M) {
	words := os.Args[1:]
	if len(words) == 0 {
		os.Exit(m.Run())
	}
	switch words[0] {
	case "child":
		child()
	case "become":
		become(words[1:])
	case "crowd":
		crowd(number(words[1]), number(words[2]))
	case "die":
		die()
	case "dieAtOnce":
		dieAtOnce(number(words[1]))
	case "dieOften":
		for i := 0; i < number(words[1]); i++ {
			exec.Command(os.Args[0], "dieAtOnce", strconv.Itoa(i%40*20)).Run()
		}
	default:
		os.Exit(m.Run())
	}
}

func number(word string) int {
	number, err := strconv.Atoi(word)
	check(err)
	return number
}

func check(err error) {
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

func getpgid() {
	syscall.Syscall(syscall.SYS_GETPGID, 0, 0, 0)
}

// TestStart starts a Go program, which is this one, and some in C; it and they go from folder to folder.
func TestStart(t *testing.T) {
	for _, words := range [][]string{
		{"/bin/true"},
		{os.Args[0], "child"},
		{os.Args[0], "-test.run=TestHelper"},
		{"/bin/sh", "-c", "cd /; cd /tmp; cd /"},
	} {
		if out, err := exec.Command(words[0], words[1:]...).CombinedOutput(); err != nil {
			t.Errorf("%v: %v: %s", words, err, out)
		}
	}
	if err := os.Chdir("/"); err != nil {
		t.Error(err)
	}
}

// TestHelper makes a call in a test of its own.
func TestHelper(t *testing.T) {
	getpgid()
}

// child makes three calls on a goroutine, and one on the first.
func child() {
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := 0; i < 3; i++ {
			getpgid()
		}
	}()
	<-done
	getpgid()
}

// become makes two calls, and another program of this process, on a thread that is not the first, while others are busy.
func become(words []string) {
	for i := 0; i < 8; i++ {
		go func() {
			for {
				os.ReadFile("/proc/self/comm")
			}
		}()
	}
	go func() {
		runtime.LockOSThread()
		getpgid()
		getpgid()
		check(syscall.Exec(words[0], words, os.Environ()))
	}()
	select {}
}

// crowd lets so many goroutines make so many calls each, all at once.
func crowd(goroutines, calls int) {
	var ready, done sync.WaitGroup
	begin := make(chan struct{})
	for i := 0; i < goroutines; i++ {
		ready.Add(1)
		done.Add(1)
		go func() {
			defer done.Done()
			ready.Done()
			<-begin
			for j := 0; j < calls; j++ {
				getpgid()
			}
		}()
	}
	ready.Wait()
	close(begin)
	done.Wait()
}

// die makes calls without end on many goroutines, deep in their stacks, and is killed meanwhile.
func die() {
	made := int64(0)
	for i := 0; i < 50; i++ {
		go func() {
			for {
				deep(30)
				atomic.AddInt64(&made, 1)
			}
		}()
	}
	for atomic.LoadInt64(&made) < 200 {
		time.Sleep(time.Millisecond)
	}
	syscall.Kill(syscall.Getpid(), syscall.SIGKILL)
}

// dieAtOnce makes its first call, and is killed so many microseconds after that was begun.
func dieAtOnce(microseconds int) {
	go func() {
		runtime.LockOSThread()
		getpgid()
		select {}
	}()
	for begin := time.Now(); time.Since(begin) < time.Duration(microseconds)*time.Microsecond; {
	}
	syscall.Kill(syscall.Getpid(), syscall.SIGKILL)
}

//go:noinline
func deep(n int) {
	if n > 0 {
		deep(n - 1)
		return
	}
	getpgid()
}
