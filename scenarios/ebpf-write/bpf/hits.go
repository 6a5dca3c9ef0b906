package bpf

import (
	"debug/elf"
	"debug/gosym"
	"errors"
	"fmt"
	"syscall"
)

// FunctionTable decodes Go's own table of functions, which stack traces are
// made of, from its section.
func FunctionTable(file *elf.File) (*gosym.Table, error) {
	section, text := file.Section(".gopclntab"), file.Section(".text")
	if section == nil || text == nil {
		return nil, errors.New("no section .gopclntab")
	}
	data, err := section.Data()
	if err != nil {
		return nil, err
	}
	return gosym.NewTable(nil, gosym.NewLineTable(data, text.Addr))
}

// Address is that of a function in this table.
func Address(file *elf.File, name string) (uint64, error) {
	table, err := FunctionTable(file)
	if err != nil {
		return 0, err
	}
	if f := table.LookupFunc(name); f != nil {
		return f.Entry, nil
	}
	return 0, fmt.Errorf("no function %q", name)
}

// FileOffset is where in the file an address is, which is what a uprobe takes.
func FileOffset(file *elf.File, address uint64) uint64 {
	for _, p := range file.Progs {
		if p.Type == elf.PT_LOAD && address >= p.Vaddr && address < p.Vaddr+p.Filesz {
			return address - p.Vaddr + p.Off
		}
	}
	return 0
}

// PidNamespace is this process's, as bpf_get_ns_current_pid_tgid wants it.
func PidNamespace() (device, inode uint64, err error) {
	var stat syscall.Stat_t
	err = syscall.Stat("/proc/self/ns/pid", &stat)
	return stat.Dev, stat.Ino, err
}

// OnlyProcess goes to a label unless the caller is this process of our pid
// namespace. It needs the 8 bytes below the frame's top.
func (a *Asm) OnlyProcess(tgid int, other string) *Asm {
	device, inode, err := PidNamespace()
	if err != nil {
		panic(err)
	}
	a.Load64(R1, device).Load64(R2, inode).Mov(R3, FP).AddImm(R3, -8).MovImm(R4, 8)
	a.StImm64(FP, -8, 0).Call(GetNsCurrentPidTgd).JneImm(R0, 0, other)
	return a.Ldx32(R1, FP, -4).JneImm(R1, int32(tgid), other)
}

// Add adds a register to a counter, and goes to a label where there is none. It
// needs 8 bytes of the frame.
func (a *Asm) Add(counters *Map, index int32, source Reg, frame int16, none string) *Asm {
	a.StImm64(FP, frame, index).LoadMap(R1, counters).Mov(R2, FP).AddImm(R2, int32(frame)).Call(MapLookupElem)
	return a.JeqImm(R0, 0, none).AtomicAdd64(R0, 0, source)
}

// CountHits counts how often a process comes by a hook.
func CountHits(counters *Map, tgid int) *Asm {
	var a Asm
	a.OnlyProcess(tgid, "out").MovImm(R6, 1).Add(counters, 0, R6, -16, "out")
	return a.Label("out").MovImm(R0, 0).Exit()
}
