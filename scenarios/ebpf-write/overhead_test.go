package ebpf

import (
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"example.com/ebpf-write/bpf"
)

func init() {
	// A traced player must stay on the thread that is traced.
	if os.Getenv("PLAYER") == "writes" {
		runtime.LockOSThread()
	}
}

// sink is where writes go that are only to be counted.
func sink() (int, error) { return syscall.Open("/dev/null", syscall.O_WRONLY|syscall.O_CLOEXEC, 0) }

var rock = []byte("rock\n\x00")

// throw writes a move n times.
func throw(fd, n int) {
	for i := 0; i < n; i++ {
		syscall.RawSyscall(syscall.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(&rock[0])), 5)
	}
}

// perWrite is what a write costs: the least of some rounds, which the machine's other
// work disturbs least.
func perWrite(fd, rounds, writes int, between func()) time.Duration {
	least := time.Hour
	for i := 0; i < rounds; i++ {
		begin := time.Now()
		throw(fd, writes)
		if took := time.Since(begin) / time.Duration(writes); took < least {
			least = took
		}
		between()
	}
	return least
}

// playWrites writes, and prints what each write cost it.
func playWrites() error {
	fd, err := sink()
	if err != nil {
		return err
	}
	writes, err := strconv.Atoi(os.Getenv("WRITES"))
	if err != nil {
		return err
	}
	fmt.Printf("write_ns=%d\n", perWrite(fd, 5, writes, func() {}).Nanoseconds())
	return nil
}

// moveSize is what moveProgram sends: a time stamp and 32 bytes.
const moveSize = 40

// moveProgram is the document's: of every write of a process, its time and the
// first 32 bytes as a C string, to a ring. What does not fit is counted. It is
// for the tracepoint sys_enter_write, or for the raw one that every call passes.
func moveProgram(kind int, ring *bpf.Ring, lost *bpf.Map, tgid int) *bpf.Asm {
	const (
		frame    = -moveSize
		pointer  = frame - 8
		inRecord = 24  // the second argument
		inPtRegs = 104 // the same: pt_regs.si
		sysWrite = 1
	)
	var a bpf.Asm
	a.Mov(bpf.R6, bpf.R1)
	if kind == bpf.RawTracepoint {
		a.Ldx64(bpf.R1, bpf.R6, 8).JneImm(bpf.R1, sysWrite, "out")
	}
	a.Call(bpf.GetCurrentPidTgid).RshImm(bpf.R0, 32).JneImm(bpf.R0, int32(tgid), "out")
	if kind == bpf.RawTracepoint {
		a.StImm64(bpf.FP, pointer, 0).Ldx64(bpf.R3, bpf.R6, 0).AddImm(bpf.R3, inPtRegs)
		a.Mov(bpf.R1, bpf.FP).AddImm(bpf.R1, pointer).MovImm(bpf.R2, 8).Call(bpf.ProbeReadKernel)
	} else {
		a.Ldx64(bpf.R1, bpf.R6, inRecord).Stx64(bpf.FP, pointer, bpf.R1)
	}
	a.Call(bpf.KtimeGetNs).Stx64(bpf.FP, frame, bpf.R0)
	for at := int16(frame + 8); at < 0; at += 8 {
		a.StImm64(bpf.FP, at, 0)
	}
	a.Mov(bpf.R1, bpf.FP).AddImm(bpf.R1, frame+8).MovImm(bpf.R2, 32).Ldx64(bpf.R3, bpf.FP, pointer).Call(bpf.ProbeReadUserStr)
	a.LoadMap(bpf.R1, ring.Map).Mov(bpf.R2, bpf.FP).AddImm(bpf.R2, frame).MovImm(bpf.R3, moveSize).MovImm(bpf.R4, 0)
	a.Call(bpf.RingbufOutput).JeqImm(bpf.R0, 0, "out")
	a.StImm64(bpf.FP, pointer, 0).LoadMap(bpf.R1, lost).Mov(bpf.R2, bpf.FP).AddImm(bpf.R2, pointer).Call(bpf.MapLookupElem)
	a.JeqImm(bpf.R0, 0, "out").MovImm(bpf.R1, 1).AtomicAdd64(bpf.R0, 0, bpf.R1)
	return a.Label("out").MovImm(bpf.R0, 0).Exit()
}

// hostPid is this process's number outside of every pid namespace, as
// bpf_get_current_pid_tgid has it: what a program sees of one call of ours.
func hostPid(t *testing.T) int {
	t.Helper()
	seen := newCounters(t, 1)
	var a bpf.Asm
	a.OnlyProcess(os.Getpid(), "out")
	a.Call(bpf.GetCurrentPidTgid).RshImm(bpf.R0, 32).Mov(bpf.R7, bpf.R0)
	a.StImm64(bpf.FP, -16, 0).LoadMap(bpf.R1, seen).Mov(bpf.R2, bpf.FP).AddImm(bpf.R2, -16).Call(bpf.MapLookupElem)
	a.JeqImm(bpf.R0, 0, "out").Stx64(bpf.R0, 0, bpf.R7)
	a.Label("out").MovImm(bpf.R0, 0).Exit()
	_, detach := attachRaw(t, "sys_enter", &a)
	syscall.Getppid()
	detach()
	return int(seen.Get(0))
}

func TestOverhead(t *testing.T) {
	testOverhead(t, func(ring *bpf.Ring, lost *bpf.Map, pid int) (prog int, detach func()) {
		return attachTracepoint(t, "syscalls/sys_enter_write", moveProgram(bpf.Tracepoint, ring, lost, pid))
	})
}

func TestOverheadRaw(t *testing.T) {
	testOverhead(t, func(ring *bpf.Ring, lost *bpf.Map, pid int) (prog int, detach func()) {
		return attachRaw(t, "sys_enter", moveProgram(bpf.RawTracepoint, ring, lost, pid))
	})
}

// testOverhead compares a write with nobody watching, and watched.
func testOverhead(t *testing.T, attach func(*bpf.Ring, *bpf.Map, int) (int, func())) {
	const rounds, writes = 15, 5000
	fd, err := sink()
	if err != nil {
		t.Fatal(err)
	}
	ring, lost := newRing(t, 1<<20), newCounters(t, 1)
	pid := hostPid(t)
	alone := perWrite(fd, rounds, writes, func() {})
	prog, detach := attach(ring, lost, pid)
	seen := 0
	drain := func() { seen += ring.Read(func([]byte) {}) }
	watched := perWrite(fd, rounds, writes, drain)
	stats, err := bpf.EnableStats()
	if err != nil {
		t.Fatal(err)
	}
	throw(fd, writes)
	runs, inside, err := bpf.RunTime(prog)
	syscall.Close(stats)
	detach()
	if err != nil {
		t.Fatal(err)
	}
	drain()
	t.Logf("writes=%d seen=%d lost=%d", (rounds+1)*writes, seen, lost.Get(0))
	t.Logf("alone_ns=%d watched_ns=%d overhead_ns=%d, of which in the program, by the kernel's own clock (which costs some, too): %d",
		alone.Nanoseconds(), watched.Nanoseconds(), (watched - alone).Nanoseconds(), inside/runs)
}

// TestRate watches more than 20,000 writes in a second, with a reader that
// takes turns with the writer.
func TestRate(t *testing.T) {
	const bursts, burst = 40, 1000
	fd, err := sink()
	if err != nil {
		t.Fatal(err)
	}
	ring, lost := newRing(t, 1<<18), newCounters(t, 1)
	_, detach := attachTracepoint(t, "syscalls/sys_enter_write", moveProgram(bpf.Tracepoint, ring, lost, hostPid(t)))
	defer detach()
	seen, right := 0, 0
	begin := time.Now()
	for i := 0; i < bursts; i++ {
		throw(fd, burst)
		seen += ring.Read(func(record []byte) {
			if string(record[8:14]) == string(rock) && binary.LittleEndian.Uint64(record) != 0 {
				right++
			}
		})
	}
	took := time.Since(begin)
	t.Logf("cpus=%d writes=%d seen=%d right=%d lost=%d", runtime.NumCPU(), bursts*burst, seen, right, lost.Get(0))
	t.Logf("events_per_second=%d", int64(seen)*int64(time.Second)/int64(took))
}

// TestPtrace stops a player at every system call, twice, as strace does.
func TestPtrace(t *testing.T) {
	alone := startPlayer(t, "writes", "WRITES=1000")
	if err := alone.play(); err != nil {
		t.Fatal(err)
	}
	// All of ptrace must come from one thread.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), "PLAYER=writes", "WRITES=1000")
	stdin, feed, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintln(feed)
	feed.Close()
	result, output, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdin, cmd.Stdout = stdin, output
	cmd.SysProcAttr = &syscall.SysProcAttr{Ptrace: true, Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	output.Close()
	pid, stops := cmd.Process.Pid, 0
	for signal := 0; ; {
		var status syscall.WaitStatus
		if _, err := syscall.Wait4(pid, &status, syscall.WALL, nil); err != nil {
			t.Fatal(err)
		}
		if status.Exited() || status.Signaled() {
			break
		}
		signal = 0
		if stop := status.StopSignal(); stop == syscall.SIGTRAP {
			stops++
		} else {
			signal = int(stop)
		}
		if err := syscall.PtraceSyscall(pid, signal); err != nil {
			t.Fatal(err)
		}
	}
	text := make([]byte, 100)
	n, _ := result.Read(text)
	t.Logf("alone: %s", strings.TrimSpace(alone.stdout.String()))
	t.Logf("stops=%d; under ptrace: %s", stops, strings.TrimSpace(string(text[:n])))
}

// TestPreload counts writes in a function that LD_PRELOAD puts before libc's.
func TestPreload(t *testing.T) {
	library := filepath.Join(t.TempDir(), "preload.so")
	out, err := exec.Command("gcc", "-shared", "-fPIC", "-o", library, "testdata/preload.c").CombinedOutput()
	if err != nil {
		t.Fatalf("gcc: %v: %s", err, out)
	}
	preload := "LD_PRELOAD=" + library
	echo := exec.Command("sh", "-c", "for move in scissors rock paper; do echo $move; done")
	echo.Env = append(os.Environ(), preload)
	said, err := echo.CombinedOutput()
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("sh=%d", strings.Count(string(said), "preload saw a write"))
	p := startPlayer(t, "println", preload)
	if err := p.play(); err != nil {
		t.Fatal(err)
	}
	t.Logf("moves=%d go=%d", strings.Count(p.stdout.String(), "\n"), strings.Count(p.stderr.String(), "preload saw a write"))
}
