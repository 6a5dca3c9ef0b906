package perf

import (
	"fmt"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"unsafe"
)

const (
	sysBPF   = 321 // x86-64
	progLoad = 5   // BPF_PROG_LOAD

	capNetAdmin = 12
	capSysAdmin = 21
	capPerfmon  = 38
	capBPF      = 39
)

// program returns 0.
var program = [2]uint64{
	0x00000000000000b7, // r0 = 0
	0x0000000000000095, // exit
}

// load loads a program of this type, and lets go of it at once.
func load(kind uint32) error {
	license := [4]byte{'G', 'P', 'L', 0}
	// The beginning of union bpf_attr for BPF_PROG_LOAD (include/uapi/linux/bpf.h).
	a := struct {
		kind, count      uint32
		program, license uint64
		logLevel, logLen uint32
		log              uint64
		version, flags   uint32
	}{
		kind: kind, count: uint32(len(program)),
		program: uint64(uintptr(unsafe.Pointer(&program))), license: uint64(uintptr(unsafe.Pointer(&license))),
	}
	fd, _, errno := syscall.Syscall(sysBPF, progLoad, uintptr(unsafe.Pointer(&a)), unsafe.Sizeof(a))
	runtime.KeepAlive(&license)
	if errno != 0 {
		return errno
	}
	return syscall.Close(int(fd))
}

// capabilities makes these the effective ones of this thread, and only of it;
// all that it may have stay permitted.
func capabilities(wanted ...uint) error {
	header := struct {
		version uint32
		pid     int32
	}{version: 0x20080522} // _LINUX_CAPABILITY_VERSION_3
	var sets [2]struct{ effective, permitted, inheritable uint32 }
	at := func(call uintptr) error {
		_, _, errno := syscall.RawSyscall(call, uintptr(unsafe.Pointer(&header)), uintptr(unsafe.Pointer(&sets)), 0)
		if errno != 0 {
			return errno
		}
		return nil
	}
	if err := at(syscall.SYS_CAPGET); err != nil {
		return err
	}
	sets[0].effective, sets[1].effective = 0, 0
	for _, bit := range wanted {
		sets[bit/32].effective |= 1 << (bit % 32)
	}
	return at(syscall.SYS_CAPSET)
}

// TestLoad loads a small BPF program of each type, with each set of capabilities.
func TestLoad(t *testing.T) {
	runtime.LockOSThread() // and never unlocked: the thread ends with its capabilities
	fmt.Printf("level=%s\n", level(t))
	types := []struct {
		name string
		kind uint32
	}{{"socket filter", 1}, {"kprobe", 2}, {"tracepoint", 5}, {"xdp", 6}, {"perf event", 7}}
	for _, set := range []struct {
		name string
		bits []uint
	}{
		{"no capability", nil},
		{"CAP_PERFMON", []uint{capPerfmon}},
		{"CAP_BPF", []uint{capBPF}},
		{"CAP_BPF and CAP_PERFMON", []uint{capBPF, capPerfmon}},
		{"CAP_BPF and CAP_NET_ADMIN", []uint{capBPF, capNetAdmin}},
		{"CAP_SYS_ADMIN", []uint{capSysAdmin}},
	} {
		if err := capabilities(set.bits...); err != nil {
			t.Fatalf("%s: capset: %v", set.name, err)
		}
		var said []string
		for _, one := range types {
			what := "loaded"
			if err := load(one.kind); err != nil {
				what = answer(err)
			}
			said = append(said, one.name+" "+what)
		}
		fmt.Printf("with %s: %s\n", set.name, strings.Join(said, ", "))
	}
}
