package ebpf

import (
	"debug/elf"
	"debug/gosym"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"example.com/ebpf-write/bpf"
)

// throwHand is a function whose entry is to be hooked.
//
//go:noinline
func throwHand(hand int) int { return hand % 3 }

// throwInlined is so small that its callers have it in themselves.
func throwInlined(hand int) int { return hand % 3 }

const (
	hookedName  = "example.com/ebpf-write.throwHand"
	inlinedName = "example.com/ebpf-write.throwInlined"
)

// self is this executable.
func self(t *testing.T) *elf.File {
	t.Helper()
	file, err := elf.Open("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	return file
}

// fromSymbols is the address of a function in the symbol table.
func fromSymbols(file *elf.File, name string) (uint64, error) {
	symbols, err := file.Symbols()
	if err != nil {
		return 0, err
	}
	for _, symbol := range symbols {
		if symbol.Name == name {
			return symbol.Value, nil
		}
	}
	return 0, fmt.Errorf("no symbol %q", name)
}

// countProgram counts hits of a uprobe in this process, and adds up the first
// argument, which Go's calling convention has in AX.
func countProgram(counters *bpf.Map, tgid int) *bpf.Asm {
	const axInPtRegs = 80
	var a bpf.Asm
	a.Mov(bpf.R6, bpf.R1).OnlyProcess(tgid, "out").MovImm(bpf.R7, 1).Ldx64(bpf.R8, bpf.R6, axInPtRegs)
	a.Add(counters, 0, bpf.R7, -16, "out").Add(counters, 1, bpf.R8, -16, "out")
	return a.Label("out").MovImm(bpf.R0, 0).Exit()
}

// newCounters makes counters that go with the test.
func newCounters(t *testing.T, n int) *bpf.Map {
	t.Helper()
	counters, err := bpf.NewArray(n)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(counters.Close)
	return counters
}

// hook attaches a uprobe to this executable's function at an address.
func hook(t *testing.T, file *elf.File, address uint64, program *bpf.Asm) {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	event, err := bpf.AttachUprobe(path, bpf.FileOffset(file, address), loaded(t, bpf.Kprobe, program))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Close(event) })
}

// testUprobe hooks a function that is looked up so, and calls it.
func testUprobe(t *testing.T, name string, call func(int) int, lookup func(*elf.File, string) (uint64, error)) {
	file := self(t)
	address, err := lookup(file, name)
	if err != nil {
		t.Logf("%s: %v", name, err)
		t.Log("found=0")
		return
	}
	counters := newCounters(t, 2)
	hook(t, file, address, countProgram(counters, os.Getpid()))
	const calls = 100
	sum, want := 0, 0
	for hand := 0; hand < calls; hand++ {
		sum += call(hand)
		want += hand
	}
	t.Logf("found=1 calls=%d hits=%d arguments=%d of %d (results %d)", calls, counters.Get(0), counters.Get(1), want, sum)
}

func TestUprobeBySymbol(t *testing.T)  { testUprobe(t, hookedName, throwHand, fromSymbols) }
func TestUprobeByPclntab(t *testing.T) { testUprobe(t, hookedName, throwHand, bpf.Address) }
func TestUprobeOfInlined(t *testing.T) {
	testUprobe(t, inlinedName, func(hand int) int { return throwInlined(hand) }, bpf.Address)
}

// describe says what of a function can be read out of a file.
func describe(t *testing.T, file *elf.File, table *gosym.Table, err error) {
	t.Helper()
	symbols, _ := file.Symbols()
	if err != nil {
		t.Logf("symbols=%d functions=0: %v", len(symbols), err)
		return
	}
	own, right := 0, 0
	for _, f := range table.Funcs {
		if strings.HasPrefix(f.Name, "example.com/ebpf-write.") {
			own++
		}
	}
	// The runtime knows where a function really is.
	if f := table.LookupFunc(hookedName); f != nil && f.Entry == entryOf(throwHand) {
		right = 1
	}
	t.Logf("symbols=%d functions=%d own=%d right=%d", len(symbols), len(table.Funcs), own, right)
}
