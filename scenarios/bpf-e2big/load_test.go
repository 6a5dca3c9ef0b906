// Package load loads BPF programs, by syscall.Syscall: package syscall has no function for it. They are attached to nothing, and
// gone when they are closed.
package load

import (
	"bytes"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"unsafe"
)

const (
	sysBPF       = 321
	progLoad     = 5
	socketFilter = 1
)

// attr is union bpf_attr for BPF_PROG_LOAD, as far as it is used here, and bytes behind it that no kernel knows.
type attr struct {
	kind     uint32
	count    uint32
	code     *uint64
	license  *byte
	logLevel uint32
	logSize  uint32
	log      *byte
	_        [120]byte
	tail     [96]byte
}

// Instructions as they are encoded: code, registers, offset, value.
const (
	setR0      = 0xb7
	setR1      = 0xb7 | 1<<8
	addR1      = 0x07 | 1<<8
	ifR1Less   = 0xa5 | 1<<8
	body       = 1000
	back       = (0xffff - body) << 16
	exit       = 0x95
	iterations = 2_000_000 << 32
)

var (
	small = []uint64{setR0, exit}
	// loops takes the verifier, which follows each round, through more than a million instructions.
	loops = func() []uint64 {
		code := []uint64{setR0, setR1}
		for i := 0; i < body; i++ {
			code = append(code, addR1|1<<32)
		}
		return append(code, ifR1Less|back|iterations, exit)
	}()
)

func load(t *testing.T, change func(*attr), code []uint64) {
	t.Helper()
	license := []byte("GPL\x00")
	log := make([]byte, 64<<10)
	a := attr{kind: socketFilter, count: uint32(len(code)), code: &code[0], license: &license[0], logLevel: 4, logSize: uint32(len(log)), log: &log[0]}
	change(&a)
	var pins runtime.Pinner
	defer pins.Unpin()
	pins.Pin(&code[0])
	pins.Pin(&license[0])
	pins.Pin(&log[0])
	fd, _, errno := syscall.Syscall(sysBPF, progLoad, uintptr(unsafe.Pointer(&a)), unsafe.Sizeof(a))
	log, _, _ = bytes.Cut(log, []byte{0})
	for _, line := range strings.Split(strings.TrimSpace(string(log)), "\n") {
		t.Logf("verifier: %s", line)
	}
	if errno != 0 {
		t.Fatalf("bpf: %v", errno)
	}
	syscall.Close(int(fd))
	t.Log("loaded")
}

func TestSmall(t *testing.T) { load(t, func(*attr) {}, small) }
func TestLoops(t *testing.T) { load(t, func(*attr) {}, loops) }

// TestMillion says that it has one instruction more than a program may have.
func TestMillion(t *testing.T) { load(t, func(a *attr) { a.count = 1_000_001 }, small) }

// TestUnknownAttribute uses a part of the attributes that the kernel does not know.
func TestUnknownAttribute(t *testing.T) {
	load(t, func(a *attr) { a.tail[len(a.tail)-1] = 1 }, small)
}
