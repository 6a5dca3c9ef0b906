// A program that dies of SIGSYS if it, or Go's runtime in it, calls number
// 422: futex_time64 where there is such a call. x86-64 has none.
package main

import (
	"fmt"
	"os"
	"runtime"
	"syscall"
	"unsafe"

	threads "example.com/clone3-newosproc"
)

const (
	futexTime64 = 422

	sysSeccomp      = 317
	setModeFilter   = 1          // SECCOMP_SET_MODE_FILTER
	onAllThreads    = 1          // SECCOMP_FILTER_FLAG_TSYNC
	killProcess     = 0x80000000 // SECCOMP_RET_KILL_PROCESS
	allow           = 0x7fff0000 // SECCOMP_RET_ALLOW
	prSetNoNewPrivs = 38
)

type instruction struct {
	code   uint16
	jt, jf uint8
	k      uint32
}

type program struct {
	length uint16
	first  *instruction
}

// guard forbids the call to all threads, on pain of death.
func guard() error {
	filter := []instruction{
		{code: syscall.BPF_LD | syscall.BPF_W | syscall.BPF_ABS, k: 0}, // the call's number
		{code: syscall.BPF_JMP | syscall.BPF_JEQ | syscall.BPF_K, jf: 1, k: futexTime64},
		{code: syscall.BPF_RET | syscall.BPF_K, k: killProcess},
		{code: syscall.BPF_RET | syscall.BPF_K, k: allow},
	}
	prog := program{length: uint16(len(filter)), first: &filter[0]}
	runtime.LockOSThread() // both calls have to be this thread's
	defer runtime.UnlockOSThread()
	if _, _, errno := syscall.Syscall6(syscall.SYS_PRCTL, prSetNoNewPrivs, 1, 0, 0, 0, 0); errno != 0 {
		return fmt.Errorf("no_new_privs: %w", errno)
	}
	r, _, errno := syscall.Syscall(sysSeccomp, setModeFilter, onAllThreads, uintptr(unsafe.Pointer(&prog)))
	if r != 0 || errno != 0 {
		return fmt.Errorf("seccomp: %d, %w", r, errno)
	}
	return nil
}

func main() {
	if err := guard(); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("guarded")
	if len(os.Args) > 1 && os.Args[1] == "call" {
		_, _, errno := syscall.Syscall6(futexTime64, 0, 0, 0, 0, 0, 0)
		fmt.Println("survived:", errno)
		return
	}
	threads.Start(8)
}
