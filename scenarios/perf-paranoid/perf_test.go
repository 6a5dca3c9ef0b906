// Package perf opens events by perf_event_open, by syscall.Syscall6: package syscall has no function for it.
package perf

import (
	"os"
	"strings"
	"syscall"
	"testing"
	"unsafe"
)

// attr is struct perf_event_attr as of Linux 6.x, as far as it is used here, and bytes behind it that no kernel knows.
type attr struct {
	kind   uint32
	size   uint32
	config uint64
	_      [3]uint64
	flags  uint64
	_      [88]byte
	tail   [120]byte
}

const (
	known         = 136 // The size in Linux 6.3 to 6.18.
	disabled      = 1 << 0
	excludeKernel = 1 << 5
	excludeHV     = 1 << 6
)

// clock is an event that needs no hardware: the CPU's clock.
func clock(flags uint64) *attr {
	return &attr{kind: 1, size: known, flags: disabled | flags}
}

func open(a *attr, pid, cpu int) (fd int, err error) {
	const cloexec = 1 << 3
	r, _, errno := syscall.Syscall6(syscall.SYS_PERF_EVENT_OPEN, uintptr(unsafe.Pointer(a)), uintptr(pid), uintptr(cpu), ^uintptr(0), cloexec, 0)
	if errno != 0 {
		return -1, errno
	}
	return int(r), nil
}

func check(t *testing.T, a *attr, pid, cpu int) {
	t.Helper()
	level, _ := os.ReadFile("/proc/sys/kernel/perf_event_paranoid")
	fd, err := open(a, pid, cpu)
	t.Logf("level=%s perf_event_open: err=%v", strings.TrimSpace(string(level)), err)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(fd)
	// An event that was opened counts.
	const enable = 0x2400
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), enable, 0); errno != 0 {
		t.Fatalf("enabling: %v", errno)
	}
	for i := 0; i < 1_000_000; i++ {
		sink += i
	}
	b := make([]byte, 8)
	n, err := syscall.Read(fd, b)
	count := *(*uint64)(unsafe.Pointer(&b[0]))
	t.Logf("bytes=%d counted=%t err=%v", n, count > 0, err)
	if err != nil || n != len(b) {
		t.Errorf("read %d bytes: %v", n, err)
	}
}

var sink int

// Its own process, without the kernel's part; with it; and all that runs on a CPU.
func TestUser(t *testing.T)   { check(t, clock(excludeKernel|excludeHV), 0, -1) }
func TestKernel(t *testing.T) { check(t, clock(0), 0, -1) }
func TestCPU(t *testing.T)    { check(t, clock(excludeKernel|excludeHV), -1, 0) }

// A program that knows more of the structure than the kernel: what it does not use is 0, or it uses some.
func TestLongZero(t *testing.T) {
	a := clock(excludeKernel | excludeHV)
	a.size = uint32(unsafe.Sizeof(*a))
	check(t, a, 0, -1)
}

func TestLongUsed(t *testing.T) { check(t, long(), 0, -1) }

func long() *attr {
	a := clock(excludeKernel | excludeHV)
	a.size = uint32(unsafe.Sizeof(*a))
	a.tail[len(a.tail)-1] = 1
	return a
}

// TestLongMended takes the size that the kernel writes back, and does without what lies behind it.
func TestLongMended(t *testing.T) {
	a := long()
	_, err := open(a, 0, -1)
	t.Logf("first: err=%v size=%d", err, a.size)
	if err != syscall.E2BIG || a.size >= uint32(unsafe.Sizeof(*a)) || a.size < 64 {
		t.Fatalf("the kernel answers %v, and that it knows %d bytes", err, a.size)
	}
	check(t, a, 0, -1)
}

// TestMany opens as many events as a program with as many threads on as many CPUs.
func TestMany(t *testing.T) {
	const wanted = 300
	for opened := 0; opened < wanted; opened++ {
		fd, err := open(clock(excludeKernel|excludeHV), 0, -1)
		if err != nil {
			t.Logf("opened=%d", opened)
			t.Fatalf("perf_event_open: %v", err)
		}
		defer syscall.Close(fd)
	}
	t.Logf("opened=%d", wanted)
}
