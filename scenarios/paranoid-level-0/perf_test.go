// Package perf opens a table of perf events and says of each what the kernel
// answered.
package perf

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"unsafe"
)

// attr is the beginning of struct perf_event_attr, PERF_ATTR_SIZE_VER1
// (include/uapi/linux/perf_event.h): 72 bytes.
type attr struct {
	kind         uint32
	size         uint32
	config       uint64
	samplePeriod uint64
	sampleType   uint64
	readFormat   uint64
	flags        uint64
	wakeup       uint32
	bpType       uint32
	bpAddr       uint64
	bpLen        uint64
}

const (
	hardware   = 0 // PERF_TYPE_HARDWARE
	software   = 1
	tracepoint = 2
	breakpoint = 5

	cycles       = 0 // PERF_COUNT_HW_CPU_CYCLES
	instructions = 1
	taskClock    = 1 // PERF_COUNT_SW_TASK_CLOCK

	disabled      = 1 << 0
	excludeKernel = 1 << 5
	excludeHV     = 1 << 6

	sampleRaw = 1 << 10

	onWrite = 2 // HW_BREAKPOINT_W
)

// watched is what the breakpoint watches.
var watched uint64

// kernelAddress lies in the kernel's half of the address space.
const kernelAddress = 0xffffffff81000000

// open opens an event for this thread (task) or for all that runs on the first
// CPU, and closes it again. It never counts: the event is disabled.
func open(a attr, wholeCPU bool) error {
	a.size = uint32(unsafe.Sizeof(a))
	a.flags |= disabled
	pid, cpu, minusOne := uintptr(0), ^uintptr(0), ^uintptr(0)
	if wholeCPU {
		pid, cpu = minusOne, 0
	}
	fd, _, errno := syscall.Syscall6(syscall.SYS_PERF_EVENT_OPEN,
		uintptr(unsafe.Pointer(&a)), pid, cpu, minusOne, 8, 0) // PERF_FLAG_FD_CLOEXEC
	if errno != 0 {
		return errno
	}
	return syscall.Close(int(fd))
}

// aTracepoint is the number of a tracepoint that this kernel has, or 0. Their
// numbers are in tracefs, which only root can read, if it is mounted at all; so
// they are tried. Counting one, without its data, takes no privilege.
func aTracepoint() uint64 {
	for id := uint64(1); id < 3000; id++ {
		if open(attr{kind: tracepoint, config: id, flags: excludeKernel}, false) == nil {
			return id
		}
	}
	return 0
}

// row is one line of the table.
type row struct {
	name     string
	attr     attr
	wholeCPU bool
}

func table() []row {
	const userOnly = excludeKernel | excludeHV
	id := aTracepoint()
	bp := attr{kind: breakpoint, bpType: onWrite, bpLen: 8, bpAddr: uint64(uintptr(unsafe.Pointer(&watched)))}
	kernelBP := bp
	kernelBP.bpAddr = kernelAddress
	kinds := []struct {
		name string
		attr attr
	}{
		{"software", attr{kind: software, config: taskClock}},
		{"cycles", attr{kind: hardware, config: cycles}},
		{"instructions", attr{kind: hardware, config: instructions}},
		{"tracepoint", attr{kind: tracepoint, config: id}},
		{"tracepoint-raw", attr{kind: tracepoint, config: id, sampleType: sampleRaw, samplePeriod: 1}},
		{"breakpoint", bp},
	}
	var rows []row
	for _, kind := range kinds {
		for _, wholeCPU := range []bool{false, true} {
			for _, kernelToo := range []bool{false, true} {
				a, name := kind.attr, kind.name
				name += map[bool]string{false: ", own task", true: ", whole cpu"}[wholeCPU]
				if kernelToo {
					name += ", kernel too"
				} else {
					a.flags |= userOnly
					name += ", user only"
				}
				rows = append(rows, row{name, a, wholeCPU})
			}
		}
	}
	return append(rows, row{"breakpoint in the kernel, own task, kernel too", kernelBP, false})
}

func answer(err error) string {
	switch err {
	case nil:
		return "opened"
	case syscall.EACCES:
		return "EACCES"
	case syscall.EPERM:
		return "EPERM"
	case syscall.ENOENT, syscall.EOPNOTSUPP:
		return "not on this host" // no counter, as in most virtual machines
	}
	return err.Error()
}

// lines is the table, a line each: `software, own task, user only: opened`.
func lines() []string {
	var all []string
	for _, row := range table() {
		all = append(all, fmt.Sprintf("%s: %s", row.name, answer(open(row.attr, row.wholeCPU))))
	}
	return all
}

// ending is how many of these lines end so.
func ending(lines []string, answer string) int {
	n := 0
	for _, line := range lines {
		if strings.HasSuffix(line, ": "+answer) {
			n++
		}
	}
	return n
}

func level(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("/proc/sys/kernel/perf_event_paranoid")
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}

func TestTable(t *testing.T) {
	fmt.Printf("uid=%d level=%s\n", os.Getuid(), level(t))
	all := lines()
	for _, line := range all {
		fmt.Println(line)
	}
	// What this host has not is no refusal, and counts for nothing.
	fmt.Printf("opened=%d eacces=%d eperm=%d not_here=%d\n", ending(all, "opened"),
		ending(all, "EACCES"), ending(all, "EPERM"), ending(all, "not on this host"))
}
