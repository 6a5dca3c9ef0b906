// Wakeups runs goroutines that sleep and wake each other, on a kernel that refuses some system calls.
//
// It is built for GOARCH=386, whose calls only a filter of its own can refuse:
//
//	wakeups [uname26] errno=22 422    futex_time64 answers EINVAL
//	wakeups [uname26] trap 422        futex_time64 is answered with SIGSYS
//
// With uname26 the kernel says that it is a Linux 2.6, as it does for `setarch --uname-2.6`.
package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unsafe"
)

func main() {
	if args := os.Args[1:]; len(args) > 0 {
		runtime.LockOSThread() // the filter is this thread's, and execve keeps it
		if args[0] == "uname26" {
			const uname26 = 0x0020000
			if _, _, errno := syscall.RawSyscall(syscall.SYS_PERSONALITY, uname26, 0, 0); errno != 0 {
				fail("personality", errno)
			}
			args = args[1:]
		}
		if len(args) > 1 {
			refuse(action(args[0]), args[1:])
		}
		fail("execve", syscall.Exec("/proc/self/exe", os.Args[:1], os.Environ()))
	}
	fmt.Printf("%s/%s on Linux %s\n", runtime.GOOS, runtime.GOARCH, release())
	fmt.Printf("rounds=%d\n", rounds())
}

// release is what uname says.
func release() string {
	var name syscall.Utsname
	if err := syscall.Uname(&name); err != nil {
		fail("uname", err)
	}
	text := ""
	for _, c := range name.Release {
		if c == 0 {
			break
		}
		text += string(rune(c))
	}
	return text
}

// Fifty rounds of two goroutines with threads of their own, which sleep in between.
func rounds() int {
	ping, pong := make(chan int), make(chan int)
	go func() {
		runtime.LockOSThread()
		for n := range ping {
			pong <- n + 1
		}
	}()
	n := 0
	for i := 0; i < 50; i++ {
		ping <- n
		n = <-pong
		time.Sleep(50 * time.Microsecond)
	}
	return n
}

// action is what a filter returns: SECCOMP_RET_TRAP, or SECCOMP_RET_ERRNO with the number.
func action(word string) uint32 {
	if word == "trap" {
		return 0x00030000
	}
	number, err := strconv.ParseUint(strings.TrimPrefix(word, "errno="), 10, 12)
	if err != nil {
		fail("action", err)
	}
	return 0x00050000 | uint32(number)
}

// refuse installs a filter that answers these system calls so, and allows all others.
func refuse(action uint32, calls []string) {
	const (
		load, jumpIfEqual, ret = 0x20, 0x15, 0x06
		number                 = 0 // of seccomp_data
		setNoNewPrivs          = 38
		setSeccomp, filterMode = 22, 2
		allow                  = 0x7fff0000
	)
	filter := []syscall.SockFilter{{Code: load, K: number}}
	for _, word := range calls {
		call, err := strconv.ParseUint(word, 10, 32)
		if err != nil {
			fail("number of a system call", err)
		}
		filter = append(filter,
			syscall.SockFilter{Code: jumpIfEqual, Jf: 1, K: uint32(call)},
			syscall.SockFilter{Code: ret, K: action})
	}
	filter = append(filter, syscall.SockFilter{Code: ret, K: allow})
	program := syscall.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	if _, _, errno := syscall.RawSyscall6(syscall.SYS_PRCTL, setNoNewPrivs, 1, 0, 0, 0, 0); errno != 0 {
		fail("no_new_privs", errno)
	}
	if _, _, errno := syscall.RawSyscall(syscall.SYS_PRCTL, setSeccomp, filterMode, uintptr(unsafe.Pointer(&program))); errno != 0 {
		fail("seccomp", errno)
	}
}

func fail(what string, err error) {
	fmt.Fprintf(os.Stderr, "%s: %v\n", what, err)
	os.Exit(3)
}
