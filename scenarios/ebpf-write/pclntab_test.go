package ebpf

import (
	"bytes"
	"debug/elf"
	"debug/gosym"
	"encoding/binary"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"testing"

	"example.com/ebpf-write/bpf"
)

// entryOf is the address of a function of this process.
func entryOf(f any) uint64 { return uint64(reflect.ValueOf(f).Pointer()) }

// TestPclntab reads this executable as it was built.
func TestPclntab(t *testing.T) {
	file := self(t)
	table, err := bpf.FunctionTable(file)
	describe(t, file, table, err)
}

// copied makes a copy of this executable.
func copied(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "copy")
	if err := os.WriteFile(path, data, 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestPclntabAfterStrip reads a copy from which binutils took what can be taken.
func TestPclntabAfterStrip(t *testing.T) {
	path := copied(t)
	if out, err := exec.Command("strip", "--strip-all", path).CombinedOutput(); err != nil {
		t.Fatalf("strip: %v: %s", err, out)
	}
	file, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	table, err := bpf.FunctionTable(file)
	describe(t, file, table, err)
}

// TestPclntabWithoutSections reads a copy that has no list of sections any
// more: the table is found by its first bytes.
func TestPclntabWithoutSections(t *testing.T) {
	path := copied(t)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	// e_shoff, and e_shentsize, e_shnum, e_shstrndx.
	copy(data[40:48], make([]byte, 8))
	copy(data[58:64], make([]byte, 6))
	if err := os.WriteFile(path, data, 0o755); err != nil {
		t.Fatal(err)
	}
	file, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	table, err := searched(file)
	t.Logf("sections=%d", len(file.Sections))
	describe(t, file, table, err)
}

// searched finds the table in the segments: the magic number of Go 1.20 and
// later, two zeros, the smallest instruction, the size of a pointer.
func searched(file *elf.File) (*gosym.Table, error) {
	head := []byte{0xf1, 0xff, 0xff, 0xff, 0, 0, 1, 8}
	for _, p := range file.Progs {
		if p.Type != elf.PT_LOAD {
			continue
		}
		data := make([]byte, p.Filesz)
		if _, err := p.ReadAt(data, 0); err != nil {
			return nil, err
		}
		for at := bytes.Index(data, head); at >= 0 && at+16 < len(data); {
			// Code that mentions the number has no sensible count of functions behind it.
			if count := binary.LittleEndian.Uint64(data[at+8:]); 100 < count && count < 1e6 {
				return gosym.NewTable(nil, gosym.NewLineTable(data[at:], textStart(file)))
			}
			next := bytes.Index(data[at+1:], head)
			if next < 0 {
				break
			}
			at += 1 + next
		}
	}
	return nil, errors.New("no table in any segment")
}

// textStart is where the text begins: Go links it 4096 bytes into the first
// segment that can be executed.
func textStart(file *elf.File) uint64 {
	for _, p := range file.Progs {
		if p.Type == elf.PT_LOAD && p.Flags&elf.PF_X != 0 {
			return p.Vaddr + 0x1000
		}
	}
	return 0
}
