package ebpf

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"example.com/ebpf-write/bpf"
)

// event is what a program writes to the ring. Its size is part of the programs
// below.
type event struct {
	Time   uint64   // bpf_ktime_get_ns
	Tid    uint32   // in this process's pid namespace
	Tgid   uint32   // in this process's pid namespace
	Exit   uint64   // 1 on the way out
	Number int64    // the third argument, or the result
	Read   int64    // how much of the text could be read, or an error
	UID    uint64   // of who calls
	Text   [64]byte // what an argument points to
}

const (
	eventSize = 112
	ringSize  = 1 << 18
)

// text is what was read, up to the first zero.
func (e event) text() string {
	text, _, _ := bytes.Cut(e.Text[:], []byte{0})
	return string(text)
}

// how says how a program reads a text.
type how int

const (
	byCount     how = iota // so many bytes as the call's third argument says
	asCString              // 32 bytes at most, up to a zero byte: bpf_probe_read_user_str
	wholeString            // so, but 64 bytes
	notAtAll               // on the way out there is none
	secondWord             // as a C string, behind the second pointer of the second argument's array (argv[1])
	firstOfEnv             // as a C string, behind the first pointer of the third argument's array (envp[0])
)

// callProgram reports calls at a tracepoint syscalls/sys_enter_… (or
// sys_exit_…), whose record has the arguments (or the result) from byte 16 on.
// Only those of the process tgid, if it is not 0.
func callProgram(ring *bpf.Ring, tgid int, argument int16, read how) *bpf.Asm {
	const (
		frame  = -eventSize
		text   = frame + 48
		record = 16
		// Scratch below the event.
		pids, word = frame - 8, frame - 16
	)
	var a bpf.Asm
	a.Mov(bpf.R6, bpf.R1)
	for at := int16(frame); at < 0; at += 8 {
		a.StImm64(bpf.FP, at, 0)
	}
	device, inode, err := bpf.PidNamespace()
	if err != nil {
		panic(err)
	}
	a.Load64(bpf.R1, device).Load64(bpf.R2, inode).Mov(bpf.R3, bpf.FP).AddImm(bpf.R3, pids).MovImm(bpf.R4, 8)
	a.StImm64(bpf.FP, pids, 0).Call(bpf.GetNsCurrentPidTgd).JneImm(bpf.R0, 0, "out")
	if tgid != 0 {
		a.Ldx32(bpf.R1, bpf.FP, pids+4).JneImm(bpf.R1, int32(tgid), "out")
	}
	a.Ldx64(bpf.R1, bpf.FP, pids).Stx64(bpf.FP, frame+8, bpf.R1)
	a.Call(bpf.KtimeGetNs).Stx64(bpf.FP, frame, bpf.R0)
	a.Call(bpf.GetCurrentUIDGid).Stx32(bpf.FP, frame+40, bpf.R0)
	if read == notAtAll {
		a.StImm64(bpf.FP, frame+16, 1).Ldx64(bpf.R1, bpf.R6, record).Stx64(bpf.FP, frame+24, bpf.R1)
	} else {
		a.Ldx64(bpf.R7, bpf.R6, record+16).Stx64(bpf.FP, frame+24, bpf.R7)
		a.Ldx64(bpf.R3, bpf.R6, record+8*argument)
		if read == secondWord || read == firstOfEnv {
			if read == secondWord {
				a.AddImm(bpf.R3, 8)
			}
			a.StImm64(bpf.FP, word, 0)
			a.Mov(bpf.R1, bpf.FP).AddImm(bpf.R1, word).MovImm(bpf.R2, 8).Call(bpf.ProbeReadUser)
			a.Ldx64(bpf.R3, bpf.FP, word)
		}
		a.Mov(bpf.R1, bpf.FP).AddImm(bpf.R1, text)
		if read == byCount {
			// Moves are shorter than 64 bytes; the verifier wants to see it.
			a.Mov(bpf.R2, bpf.R7).AndImm(bpf.R2, 63).Call(bpf.ProbeReadUser)
		} else if read == asCString {
			a.MovImm(bpf.R2, 32).Call(bpf.ProbeReadUserStr)
		} else {
			a.MovImm(bpf.R2, 64).Call(bpf.ProbeReadUserStr)
		}
		a.Stx64(bpf.FP, frame+32, bpf.R0)
	}
	a.LoadMap(bpf.R1, ring.Map).Mov(bpf.R2, bpf.FP).AddImm(bpf.R2, frame).MovImm(bpf.R3, eventSize).MovImm(bpf.R4, 0)
	a.Call(bpf.RingbufOutput)
	return a.Label("out").MovImm(bpf.R0, 0).Exit()
}

// newRing makes a ring that goes with the test.
func newRing(t *testing.T, size int) *bpf.Ring {
	t.Helper()
	ring, err := bpf.NewRing(size)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(ring.Close)
	return ring
}

// loaded loads a program that goes with the test.
func loaded(t *testing.T, kind int, a *bpf.Asm) int {
	t.Helper()
	prog, err := bpf.Load(kind, a)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Close(prog) })
	return prog
}

// attach hooks a program to a tracepoint until the test ends.
func attach(t *testing.T, tracepoint string, a *bpf.Asm) {
	t.Helper()
	_, detach := attachTracepoint(t, tracepoint, a)
	t.Cleanup(detach)
}

// attachTracepoint hooks a program to a tracepoint, and gives what undoes it.
func attachTracepoint(t *testing.T, tracepoint string, a *bpf.Asm) (prog int, detach func()) {
	t.Helper()
	id, err := bpf.TracepointID(tracepoint)
	if err != nil {
		t.Fatal(err)
	}
	prog = loaded(t, bpf.Tracepoint, a)
	event, err := bpf.AttachTracepoint(id, prog)
	if err != nil {
		t.Fatal(err)
	}
	return prog, func() { syscall.Close(event) }
}

// attachRaw hooks a program to a raw tracepoint, and gives what undoes it.
func attachRaw(t *testing.T, tracepoint string, a *bpf.Asm) (prog int, detach func()) {
	t.Helper()
	prog = loaded(t, bpf.RawTracepoint, a)
	link, err := bpf.AttachRaw(tracepoint, prog)
	if err != nil {
		t.Fatal(err)
	}
	return prog, func() { syscall.Close(link) }
}

// events is what the ring holds.
func events(t *testing.T, ring *bpf.Ring) []event {
	t.Helper()
	var all []event
	ring.Read(func(record []byte) {
		var e event
		if err := binary.Read(bytes.NewReader(record), binary.LittleEndian, &e); err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
	})
	return all
}

// player is a started program that waits to be told to play.
type player struct {
	*exec.Cmd
	stdin          io.WriteCloser
	stdout, stderr bytes.Buffer
}

// newPlayer makes one of players, by its name.
func newPlayer(name string, env ...string) *player {
	p := &player{Cmd: exec.Command("/proc/self/exe")}
	p.Env = append(append(os.Environ(), "PLAYER="+name), env...)
	p.Stdout, p.Stderr = &p.stdout, &p.stderr
	return p
}

// start starts it; it waits for a line.
func (p *player) start(t *testing.T) {
	t.Helper()
	stdin, err := p.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.stdin = stdin
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
}

// startPlayer makes one and starts it.
func startPlayer(t *testing.T, name string, env ...string) *player {
	t.Helper()
	p := newPlayer(name, env...)
	p.start(t)
	return p
}

// play lets it play, and waits for its end.
func (p *player) play() error {
	fmt.Fprintln(p.stdin)
	return p.Wait()
}
