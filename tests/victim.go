// What a target can do to whoever watches it: one verb each.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"sort"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

// The first thread is main's alone.
func init() { runtime.LockOSThread() }

func main() {
	number, word := 0, ""
	if len(os.Args) > 2 {
		word = os.Args[2]
		number, _ = strconv.Atoi(word)
	}
	switch os.Args[1] {
	case "exact":
		exact(number)
	case "threads":
		threads(number)
	case "counting":
		counting(word)
	case "detach":
		detach()
	case "wait":
		time.Sleep(time.Hour)
	case "flood":
		flood(number)
	case "unprivileged":
		unprivileged(number)
	case "headless":
		headless()
	case "signals":
		signals()
	default:
		fmt.Println("no such verb:", os.Args[1])
		os.Exit(2)
	}
}

func check(err error) {
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

// exact makes exactly this many calls on a thread that is hit by SIGURG all the time, as Go preempts threads.
func exact(calls int) {
	runtime.LockOSThread()
	pid, tid := syscall.Getpid(), syscall.Gettid()
	for i := 0; i < 2; i++ {
		go func() {
			for {
			}
		}()
	}
	sent := int64(0)
	go func() {
		for {
			syscall.RawSyscall(syscall.SYS_TGKILL, uintptr(pid), uintptr(tid), uintptr(syscall.SIGURG))
			atomic.AddInt64(&sent, 1)
		}
	}()
	for atomic.LoadInt64(&sent) < 100 {
		time.Sleep(time.Millisecond)
	}
	failed := 0
	for i := 0; i < calls; i++ {
		if _, _, errno := syscall.RawSyscall(syscall.SYS_GETPGID, 0, 0, 0); errno != 0 {
			failed++
		}
	}
	fmt.Println("failed", failed)
	fmt.Println("signals", atomic.LoadInt64(&sent))
}

// threads lets this many threads make a call at once, and meanwhile makes others and measures them.
func threads(count int) {
	var ready, done sync.WaitGroup
	start := make(chan struct{})
	for i := 0; i < count; i++ {
		ready.Add(1)
		done.Add(1)
		go func() {
			runtime.LockOSThread()
			ready.Done()
			<-start
			syscall.Syscall(syscall.SYS_GETPGID, 0, 0, 0)
			done.Done()
		}()
	}
	ready.Wait()
	began := time.Now()
	close(start)
	time.Sleep(time.Second)
	var took []time.Duration
	for i := 0; i < 100; i++ {
		from := time.Now()
		syscall.Syscall(syscall.SYS_GETSID, 0, 0, 0)
		took = append(took, time.Since(from))
	}
	other := time.Since(began)
	done.Wait()
	sort.Slice(took, func(i, j int) bool { return took[i] < took[j] })
	fmt.Println("wall_ms", time.Since(began).Milliseconds())
	fmt.Println("others_done_ms", other.Milliseconds())
	fmt.Println("others_median_us", took[len(took)/2].Microseconds())
	fmt.Println("others_worst_us", took[len(took)-1].Microseconds())
}

// counting makes calls without end, and counts those that gave 7 in the file's first eight bytes.
func counting(path string) {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	check(err)
	page, err := syscall.Mmap(int(file.Fd()), 0, 4096, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
	check(err)
	count := (*uint64)(unsafe.Pointer(&page[0]))
	for {
		if result, _, errno := syscall.RawSyscall(syscall.SYS_GETPGID, 0, 0, 0); errno == 0 && result == 7 {
			*count++
		}
	}
}

// detach starts a process in a session of its own whose parent ends at once, and then makes calls without end.
func detach() {
	again := func(verb string) {
		child := exec.Command(os.Args[0], verb)
		child.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		child.Stdout = os.Stdout
		check(child.Start())
	}
	if len(os.Args) > 2 {
		again("wait")
		fmt.Println("detached")
		return
	}
	first := exec.Command(os.Args[0], "detach", "twice")
	first.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	first.Stdout = os.Stdout
	check(first.Run())
	fmt.Println("ready")
	for {
		syscall.Syscall(syscall.SYS_GETPGID, 0, 0, 0)
	}
}

// flood writes this many megabytes of lines.
func flood(megabytes int) {
	line := make([]byte, 100)
	for i := range line {
		line[i] = 'x'
	}
	line[99] = '\n'
	block := make([]byte, 0, 1000*len(line))
	for i := 0; i < 1000; i++ {
		block = append(block, line...)
	}
	for i := 0; i < megabytes*10; i++ {
		_, err := os.Stdout.Write(block)
		check(err)
	}
}

// unprivileged becomes this user and makes three calls.
func unprivileged(uid int) {
	check(syscall.Setgroups(nil))
	check(syscall.Setgid(uid))
	check(syscall.Setuid(uid))
	fmt.Println("uid", os.Getuid())
	for i := 0; i < 3; i++ {
		result, _, errno := syscall.RawSyscall(syscall.SYS_GETPGID, 0, 0, 0)
		fmt.Println("getpgid", result, int(errno))
	}
}

// headless ends its first thread and goes on in the others: the kernel calls it a zombie.
func headless() {
	go func() {
		fmt.Println("ready")
		time.Sleep(time.Hour)
	}()
	time.Sleep(50 * time.Millisecond)
	syscall.RawSyscall(syscall.SYS_EXIT, 0, 0, 0)
}

// signals says which signal it was sent, and ends.
func signals() {
	sent := make(chan os.Signal, 1)
	signal.Notify(sent, syscall.SIGTERM, syscall.SIGINT)
	fmt.Println("ready")
	fmt.Println("got", <-sent)
}
