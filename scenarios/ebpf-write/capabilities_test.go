package ebpf

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"example.com/ebpf-write/bpf"
)

// Capabilities, by their numbers.
var capabilities = map[string]uintptr{"ipc_lock": 14, "sys_ptrace": 19, "sys_admin": 21, "perfmon": 38, "bpf": 39}

// asNobody runs a player as nobody who has these capabilities and no other.
func asNobody(t *testing.T, name, caps string, env ...string) string {
	t.Helper()
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(append(os.Environ(), "PLAYER="+name), env...)
	cmd.Stdin = strings.NewReader("\n")
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	for _, one := range strings.Fields(caps) {
		cmd.SysProcAttr.AmbientCaps = append(cmd.SysProcAttr.AmbientCaps, capabilities[one])
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v: %s", name, err, out)
	}
	return string(out)
}

// report prints a table: what was tried, and what came of it.
type report struct{ done, tried int }

func (r *report) line(what string, err error) {
	r.tried++
	if err == nil {
		r.done++
		fmt.Printf("%-28s ok\n", what)
	} else {
		first, _, _ := strings.Cut(err.Error(), "\n")
		fmt.Printf("%-28s %s\n", what, first)
	}
}

// nothing is the program that does nothing.
func nothing() *bpf.Asm {
	var a bpf.Asm
	return a.MovImm(bpf.R0, 0).Exit()
}

// fentryTarget is a kernel function that is hooked for a moment.
const fentryTarget = "tcp_rcv_established"

// fentry is the type of attachment BPF_TRACE_FENTRY.
const fentry = 24

// playLoad loads and attaches every kind of tracing program.
func playLoad() error {
	fmt.Println(held())
	var loads, attached report
	load := func(r *report, name string, kind int, a *bpf.Asm, attach, btf uint32) int {
		prog, err := bpf.LoadFor(kind, a, attach, btf)
		r.line("load "+name, err)
		return prog
	}
	attach := func(name string, prog int, hook func() (int, error)) {
		if prog < 0 {
			attached.line("attach "+name, errors.New("not loaded"))
			return
		}
		fd, err := hook()
		attached.line("attach "+name, err)
		if err == nil {
			syscall.Close(fd)
		}
		syscall.Close(prog)
	}
	id, err := strconv.ParseUint(os.Getenv("TRACEPOINT"), 10, 64)
	if err != nil {
		return err
	}
	offset, err := strconv.ParseUint(os.Getenv("OFFSET"), 10, 64)
	if err != nil {
		return err
	}
	btf, err := bpf.KernelFunction(fentryTarget)
	if err != nil {
		return err
	}

	tracepoint := load(&loads, "tracepoint", bpf.Tracepoint, nothing(), 0, 0)
	attach("tracepoint", tracepoint, func() (int, error) { return bpf.AttachTracepoint(id, tracepoint) })
	raw := load(&loads, "raw_tracepoint", bpf.RawTracepoint, nothing(), 0, 0)
	attach("raw_tracepoint", raw, func() (int, error) { return bpf.AttachRaw("sys_enter", raw) })
	uprobe := load(&loads, "kprobe", bpf.Kprobe, nothing(), 0, 0)
	attach("kprobe, to a uprobe", uprobe, func() (int, error) { return bpf.AttachUprobe("/proc/self/exe", offset, uprobe) })
	event := load(&loads, "perf_event", bpf.PerfEvent, nothing(), 0, 0)
	attach("perf_event, to a clock", event, func() (int, error) { return bpf.AttachClock(event) })
	if os.Getenv("FENTRY") == "" {
		fmt.Printf("%-28s %s\n", "load tracing (fentry)", "not tried: this host refuses it to root, too")
	} else {
		traced := load(&loads, "tracing (fentry)", bpf.Tracing, nothing(), fentry, btf)
		attach("tracing (fentry)", traced, func() (int, error) { return bpf.AttachRaw("", traced) })
	}

	fmt.Printf("kinds=%d loaded=%d not_loaded=%d not_attached=%d\n", loads.tried, loads.done,
		loads.tried-loads.done, attached.tried-attached.done)
	return nil
}

// held is which capabilities this process has.
func held() string {
	status, _ := os.ReadFile("/proc/self/status")
	_, rest, _ := strings.Cut(string(status), "CapEff:")
	mask, _, _ := strings.Cut(strings.TrimSpace(rest), "\n")
	return fmt.Sprintf("uid=%d CapEff=%s", os.Getuid(), mask)
}

// testLoad has a player load programs with these capabilities.
func testLoad(t *testing.T, caps string) {
	id, err := bpf.TracepointID("syscalls/sys_enter_write")
	if err != nil {
		t.Fatal(err)
	}
	file := self(t)
	address, err := bpf.Address(file, hookedName)
	if err != nil {
		t.Fatal(err)
	}
	env := []string{fmt.Sprintf("TRACEPOINT=%d", id), fmt.Sprintf("OFFSET=%d", bpf.FileOffset(file, address))}
	if btf, err := bpf.KernelFunction(fentryTarget); err == nil {
		if prog, err := bpf.LoadFor(bpf.Tracing, nothing(), fentry, btf); err == nil {
			syscall.Close(prog)
			env = append(env, "FENTRY=1")
		}
	}
	t.Logf("nobody with: %s\n%s", caps, asNobody(t, "load", caps, env...))
}

func TestLoadWithNone(t *testing.T)       { testLoad(t, "") }
func TestLoadWithBPF(t *testing.T)        { testLoad(t, "bpf") }
func TestLoadWithPerfmon(t *testing.T)    { testLoad(t, "perfmon") }
func TestLoadWithBPFPerfmon(t *testing.T) { testLoad(t, "bpf perfmon") }
func TestLoadWithSysAdmin(t *testing.T)   { testLoad(t, "sys_admin") }

// playPerf opens every kind of perf event that does not need hardware.
func playPerf() error {
	fmt.Println(held())
	offset, err := strconv.ParseUint(os.Getenv("OFFSET"), 10, 64)
	if err != nil {
		return err
	}
	id, err := strconv.ParseUint(os.Getenv("TRACEPOINT"), 10, 64)
	if err != nil {
		return err
	}
	address, err := strconv.ParseUint(os.Getenv("KERNEL_ADDRESS"), 0, 64)
	if err != nil {
		return err
	}
	const (
		software, tracepoint, breakpoint = 1, 2, 5
		taskClock, cpuClock              = 1, 0
		raw, physical                    = 1 << 10, 1 << 19
		excludeKernel, namespaces        = 1 << 5, 1 << 22
	)
	var r report
	open := func(what string, attr bpf.PerfAttr, pid, cpu int) {
		fd, err := bpf.PerfOpen(attr, pid, cpu)
		r.line(what, err)
		syscall.Close(fd)
	}
	open("own task, user only", bpf.PerfAttr{Type: software, Config: taskClock, Flags: excludeKernel}, 0, -1)
	own := r.done
	open("own task, kernel too", bpf.PerfAttr{Type: software, Config: taskClock}, 0, -1)
	open("a whole CPU", bpf.PerfAttr{Type: software, Config: cpuClock}, -1, 0)
	open("another user's process", bpf.PerfAttr{Type: software, Config: taskClock}, os.Getppid(), -1)
	open("physical addresses", bpf.PerfAttr{Type: software, Config: cpuClock, SampleType: physical}, 0, -1)
	open("namespaces", bpf.PerfAttr{Type: software, Config: cpuClock, Flags: namespaces}, 0, -1)
	open("tracepoint, raw samples", bpf.PerfAttr{Type: tracepoint, Config: id, SamplePeriod: 1, SampleType: raw}, -1, 0)
	uprobe, err := bpf.OpenUprobe("/proc/self/exe", offset)
	r.line("uprobe", err)
	syscall.Close(uprobe)
	open("breakpoint in user space", bpf.PerfAttr{Type: breakpoint, BpType: 2, Config1: 0x1000, Config2: 1, Flags: excludeKernel}, 0, -1)
	kinds := r.done
	open("breakpoint in the kernel", bpf.PerfAttr{Type: breakpoint, BpType: 2, Config1: address, Config2: 1}, 0, -1)
	fmt.Printf("events=%d opened=%d kernel_breakpoint=%d unprivileged=%d\n", r.tried, r.done, r.done-kinds, own)
	return nil
}

// testPerf has a player open perf events with these capabilities.
func testPerf(t *testing.T, caps string) {
	id, err := bpf.TracepointID("syscalls/sys_enter_write")
	if err != nil {
		t.Fatal(err)
	}
	file := self(t)
	offset, err := bpf.Address(file, hookedName)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("nobody with: %s\n%s", caps, asNobody(t, "perf", caps,
		fmt.Sprintf("TRACEPOINT=%d", id), fmt.Sprintf("OFFSET=%d", bpf.FileOffset(file, offset)),
		fmt.Sprintf("KERNEL_ADDRESS=%#x", kernelSymbol(t, "do_nanosleep"))))
}

// kernelSymbol is where the kernel has a function.
func kernelSymbol(t *testing.T, name string) uint64 {
	t.Helper()
	symbols, err := os.ReadFile("/proc/kallsyms")
	if err != nil {
		t.Fatal(err)
	}
	before, _, found := strings.Cut(string(symbols), " "+name+"\n")
	if !found {
		return 0
	}
	line := before[strings.LastIndex(before, "\n")+1:]
	address, err := strconv.ParseUint(strings.Fields(line)[0], 16, 64)
	if err != nil {
		t.Fatal(err)
	}
	return address
}

func TestPerfWithNone(t *testing.T)     { testPerf(t, "") }
func TestPerfWithPerfmon(t *testing.T)  { testPerf(t, "perfmon") }
func TestPerfWithSysAdmin(t *testing.T) { testPerf(t, "sys_admin") }
