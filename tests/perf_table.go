// What perf_event_open(2) answers, for hundreds of attributes: a line `ROW ERRNO` for each.
//
//	perf_table as UID CAPABILITY,… COMMAND…    starts a command as that user with just these capabilities
//	perf_table table OTHER ID,…                the table; OTHER is another user's process, the IDs are of tracepoints
//	perf_table wait                            until its standard input ends
package main

import (
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"unsafe"
)

func main() {
	switch os.Args[1] {
	case "as":
		as(os.Args[2], os.Args[3], os.Args[4:])
	case "table":
		table(os.Args[2], strings.Split(os.Args[3], ","))
	case "wait":
		io.Copy(io.Discard, os.Stdin)
	}
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(99)
	}
}

func number(text string) uint64 {
	value, err := strconv.ParseInt(text, 0, 64)
	must(err)
	return uint64(value)
}

func as(uid, capabilities string, line []string) {
	id := uint32(number(uid))
	command := exec.Command(line[0], line[1:]...)
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, os.Stdout, os.Stderr
	attributes := &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: id, Gid: id}}
	for _, one := range strings.FieldsFunc(capabilities, func(r rune) bool { return r == ',' }) {
		attributes.AmbientCaps = append(attributes.AmbientCaps, uintptr(number(one)))
	}
	command.SysProcAttr = attributes
	if err := command.Run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(98)
	}
}

// attr is a struct perf_event_attr.
type attr [144]byte

func (a *attr) u32(at int, value uint32) { binary.LittleEndian.PutUint32(a[at:], value) }
func (a *attr) u64(at int, value uint64) { binary.LittleEndian.PutUint64(a[at:], value) }
func (a *attr) bits(value uint64) {
	a.u64(40, binary.LittleEndian.Uint64(a[40:])|value)
}

const (
	inherit       = 1 << 1
	excludeKernel = 1 << 5
	excludeHv     = 1 << 6
	freq          = 1 << 10
	enableOnExec  = 1 << 12
	namespaces    = 1 << 28
	reserved      = 1 << 60
	inheritThread = 1 << 35
	removeOnExec  = 1 << 36
	sigtrap       = 1 << 37
)

type change struct {
	name string
	do   func(*attr)
}

func sample(name string, kinds uint64, more ...func(*attr)) change {
	return change{name, func(a *attr) {
		a.u64(16, 100000)
		a.u64(24, kinds)
		for _, do := range more {
			do(a)
		}
	}}
}

func u64(at int, value uint64) func(*attr) { return func(a *attr) { a.u64(at, value) } }
func u32(at int, value uint32) func(*attr) { return func(a *attr) { a.u32(at, value) } }
func bits(value uint64) func(*attr)        { return func(a *attr) { a.bits(value) } }

func table(other string, tracepoints []string) {
	self, err := os.Executable()
	must(err)
	child := exec.Command(self, "wait")
	pipe, err := child.StdinPipe()
	must(err)
	must(child.Start())
	// What is not referred to is closed in the end, and the child with it.
	defer pipe.Close()

	event := func(name string, kind uint32, config uint64, more ...func(*attr)) change {
		return change{name, func(a *attr) {
			a.u32(0, kind)
			a.u64(8, config)
			for _, do := range more {
				do(a)
			}
		}}
	}
	breakpoint := func(name string, kind uint32, address, length uint64) change {
		return event(name, 5, 0, u32(52, kind), u64(56, address), u64(64, length))
	}
	place := new(uint64)
	address := uint64(uintptr(unsafe.Pointer(place)))
	events := []change{
		event("cpu-clock", 1, 0), event("page-faults", 1, 2), event("dummy", 1, 9), event("no-software", 1, 99),
		event("cycles", 0, 0), event("cache", 3, 0), event("raw", 4, 0x3c), event("no-type", 4242, 0),
		breakpoint("breakpoint", 3, address, 8), breakpoint("breakpoint-kernel", 3, 0xffffffff81000000, 8),
		breakpoint("breakpoint-unaligned", 3, 0xffffffff81000001, 8), breakpoint("breakpoint-none", 0, 0xffffffff81000000, 8),
	}
	for _, id := range tracepoints {
		if id != "" {
			events = append(events, event("tracepoint-"+id, 2, number(id)))
		}
	}
	for _, name := range []string{"uprobe", "kprobe"} {
		if text, err := os.ReadFile("/sys/bus/event_source/devices/" + name + "/type"); err == nil {
			events = append(events, event(name, uint32(number(strings.TrimSpace(string(text)))), 0))
		}
	}
	excluded := []change{
		{"", func(*attr) {}}, {"-k", bits(excludeKernel)}, {"-kh", bits(excludeKernel | excludeHv)},
	}
	flags := []change{
		{"count", func(*attr) {}},
		sample("ip", 1), sample("freq", 1, bits(freq), u64(16, 100)), sample("raw", 0x400), sample("physical", 0x80000),
		sample("branch-any", 0x800, u64(72, 8)), sample("branch-user", 0x800, u64(72, 8|1)),
		sample("branch-kernel", 0x800, u64(72, 8|2)), sample("branch-hv", 0x800, u64(72, 8|4)),
		sample("branch-nothing", 0x800, u64(72, 1)), sample("branch-bad", 0x800, u64(72, 1<<40)),
		{"namespaces", bits(namespaces)},
		sample("physical-negative", 0x80000, u64(16, 1<<63)), sample("namespaces-negative", 1, bits(namespaces), u64(16, 1<<63)),
		{"reserved", bits(reserved)}, {"reserved-2", func(a *attr) { a[110] = 1 }}, {"sample-type", u64(24, 1<<40)},
		{"read-format", u64(32, 1<<20)}, {"regs-none", u64(24, 0x1000)}, {"stack-odd", func(a *attr) { a.u64(24, 0x2000); a.u32(88, 7) }},
		{"stack-long", func(a *attr) { a.u64(24, 0x2000); a.u32(88, 0xffff) }}, {"intr-none", u64(24, 0x40000)},
		{"weights", u64(24, 0x1004000)}, {"inherit", bits(inherit)}, {"inherit-read", func(a *attr) { a.bits(inherit); a.u64(24, 0x10) }},
		{"inherit-thread", bits(inheritThread)}, {"exec-twice", bits(removeOnExec | enableOnExec)}, {"sigtrap", bits(sigtrap)},
		{"size-0", u32(4, 0)}, {"size-1", u32(4, 1)}, {"size-5000", u32(4, 5000)}, {"size-64", u32(4, 64)},
	}
	targets := []struct {
		name     string
		pid, cpu int
		flags    uintptr
	}{
		{"own", 0, -1, 0}, {"own-on-0", 0, 0, 0}, {"child", child.Process.Pid, -1, 0}, {"other", int(number(other)), -1, 0},
		{"whole", -1, 0, 0}, {"nothing", -1, -1, 0}, {"no-cpu", -1, 100000, 0}, {"flags", 0, -1, 1 << 20},
		{"gone", -2, -1, 0}, {"whole-cloexec", -1, 0, 8}, {"cgroup-nothing", -1, 0, 4},
	}
	out := new(strings.Builder)
	for _, event := range events {
		for _, without := range excluded {
			for _, flag := range flags {
				for _, target := range targets {
					var a attr
					a.u32(4, 136)
					a.bits(1)
					event.do(&a)
					without.do(&a)
					flag.do(&a)
					row := event.name + without.name + "/" + flag.name + "/" + target.name
					fmt.Fprintln(out, row, open(&a, target.pid, target.cpu, target.flags))
				}
			}
		}
	}
	for _, bad := range []uintptr{0, 1} {
		_, _, errno := syscall.Syscall6(syscall.SYS_PERF_EVENT_OPEN, bad, 0, ^uintptr(0), ^uintptr(0), 0, 0)
		fmt.Fprintf(out, "nowhere/%d %d\n", bad, errno)
	}
	level, err := os.ReadFile("/proc/sys/kernel/perf_event_paranoid")
	must(err)
	fmt.Fprintf(out, "level %s", level)
	io.WriteString(os.Stdout, out.String())
}

func open(a *attr, pid, cpu int, flags uintptr) int {
	// A signal may end a call, and the kernel may be slow to let go of the last event.
	var errno syscall.Errno
	for try := 0; try < 3; try++ {
		var fd uintptr
		fd, _, errno = syscall.Syscall6(syscall.SYS_PERF_EVENT_OPEN, uintptr(unsafe.Pointer(a)), uintptr(pid), uintptr(cpu),
			^uintptr(0), flags, 0)
		if errno == 0 {
			syscall.Close(int(fd))
			return 0
		}
		if errno != syscall.EINTR && (errno != syscall.ESRCH || pid < 0) {
			return int(errno)
		}
	}
	return int(errno)
}
