// Package bpf loads small BPF programs, written instruction by instruction,
// through the bare system calls: neither a library nor a compiler is needed.
package bpf

import "fmt"

// Reg is a register of the BPF machine.
type Reg uint8

// The registers: R0 has results, R1 to R5 arguments, R6 to R9 survive calls.
const (
	R0 Reg = iota
	R1
	R2
	R3
	R4
	R5
	R6
	R7
	R8
	R9
	FP
)

// Helpers, by their numbers in include/uapi/linux/bpf.h.
const (
	MapLookupElem      = 1
	KtimeGetNs         = 5
	GetSmpProcessorID  = 8
	GetCurrentPidTgid  = 14
	GetCurrentUIDGid   = 15
	ProbeReadUser      = 112
	ProbeReadKernel    = 113
	ProbeReadUserStr   = 114
	GetNsCurrentPidTgd = 120
	RingbufOutput      = 130
)

// Asm is a program in the making. Jumps name labels.
type Asm struct {
	code   []uint64
	labels map[string]int
	jumps  map[int]string
}

func (a *Asm) emit(op uint8, dst, src Reg, off int16, imm int32) *Asm {
	word := uint64(op) | uint64(dst)<<8 | uint64(src)<<12 | uint64(uint16(off))<<16 | uint64(uint32(imm))<<32
	a.code = append(a.code, word)
	return a
}

// Mov is dst = src.
func (a *Asm) Mov(dst, src Reg) *Asm { return a.emit(0xbf, dst, src, 0, 0) }

// MovImm is dst = imm.
func (a *Asm) MovImm(dst Reg, imm int32) *Asm { return a.emit(0xb7, dst, 0, 0, imm) }

// Load64 is dst = imm, of 64 bits.
func (a *Asm) Load64(dst Reg, imm uint64) *Asm {
	return a.emit(0x18, dst, 0, 0, int32(uint32(imm))).emit(0, 0, 0, 0, int32(uint32(imm>>32)))
}

// LoadMap is dst = the map.
func (a *Asm) LoadMap(dst Reg, m *Map) *Asm {
	return a.emit(0x18, dst, 1, 0, int32(m.FD)).emit(0, 0, 0, 0, 0)
}

// AddImm is dst += imm.
func (a *Asm) AddImm(dst Reg, imm int32) *Asm { return a.emit(0x07, dst, 0, 0, imm) }

// AndImm is dst &= imm.
func (a *Asm) AndImm(dst Reg, imm int32) *Asm { return a.emit(0x57, dst, 0, 0, imm) }

// RshImm is dst >>= imm.
func (a *Asm) RshImm(dst Reg, imm int32) *Asm { return a.emit(0x77, dst, 0, 0, imm) }

// Xor is dst ^= src.
func (a *Asm) Xor(dst, src Reg) *Asm { return a.emit(0xaf, dst, src, 0, 0) }

// Ldx64 is dst = the 8 bytes at src+off.
func (a *Asm) Ldx64(dst, src Reg, off int16) *Asm { return a.emit(0x79, dst, src, off, 0) }

// Ldx32 is dst = the 4 bytes at src+off.
func (a *Asm) Ldx32(dst, src Reg, off int16) *Asm { return a.emit(0x61, dst, src, off, 0) }

// Stx64 stores src in the 8 bytes at dst+off.
func (a *Asm) Stx64(dst Reg, off int16, src Reg) *Asm { return a.emit(0x7b, dst, src, off, 0) }

// Stx32 stores src in the 4 bytes at dst+off.
func (a *Asm) Stx32(dst Reg, off int16, src Reg) *Asm { return a.emit(0x63, dst, src, off, 0) }

// StImm64 stores imm in the 8 bytes at dst+off.
func (a *Asm) StImm64(dst Reg, off int16, imm int32) *Asm { return a.emit(0x7a, dst, 0, off, imm) }

// AtomicAdd64 adds src to the 8 bytes at dst+off.
func (a *Asm) AtomicAdd64(dst Reg, off int16, src Reg) *Asm { return a.emit(0xdb, dst, src, off, 0) }

// Call calls a helper.
func (a *Asm) Call(helper int32) *Asm { return a.emit(0x85, 0, 0, 0, helper) }

// JneImm jumps where reg is not imm.
func (a *Asm) JneImm(reg Reg, imm int32, label string) *Asm { return a.jump(0x55, reg, imm, label) }

// JeqImm jumps where reg is imm.
func (a *Asm) JeqImm(reg Reg, imm int32, label string) *Asm { return a.jump(0x15, reg, imm, label) }

func (a *Asm) jump(op uint8, reg Reg, imm int32, label string) *Asm {
	if a.jumps == nil {
		a.jumps = map[int]string{}
	}
	a.jumps[len(a.code)] = label
	return a.emit(op, reg, 0, 0, imm)
}

// Label is where jumps to it land.
func (a *Asm) Label(name string) *Asm {
	if a.labels == nil {
		a.labels = map[string]int{}
	}
	a.labels[name] = len(a.code)
	return a
}

// Exit ends the program.
func (a *Asm) Exit() *Asm { return a.emit(0x95, 0, 0, 0, 0) }

// words is the finished program.
func (a *Asm) words() ([]uint64, error) {
	code := append([]uint64(nil), a.code...)
	for at, label := range a.jumps {
		to, known := a.labels[label]
		if !known {
			return nil, fmt.Errorf("no label %q", label)
		}
		code[at] |= uint64(uint16(int16(to-at-1))) << 16
	}
	return code, nil
}
