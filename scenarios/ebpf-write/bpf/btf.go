package bpf

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
)

// KernelFunction is the number of a kernel function's type in the kernel's BTF,
// which fentry programs are loaded for.
func KernelFunction(name string) (uint32, error) {
	data, err := os.ReadFile("/sys/kernel/btf/vmlinux")
	if err != nil {
		return 0, err
	}
	le := binary.LittleEndian
	if len(data) < 24 || le.Uint16(data) != 0xeb9f {
		return 0, errors.New("no BTF")
	}
	header := le.Uint32(data[4:])
	types := data[header+le.Uint32(data[8:]):][:le.Uint32(data[12:])]
	texts := data[header+le.Uint32(data[16:]):][:le.Uint32(data[20:])]
	is := func(at uint32) bool {
		return int(at)+len(name) < len(texts) && string(texts[at:int(at)+len(name)]) == name && texts[int(at)+len(name)] == 0
	}
	// What follows the 12 bytes of a type: so much, and so much for each member.
	extra := map[uint32][2]uint32{
		1: {4, 0}, 3: {12, 0}, 4: {0, 12}, 5: {0, 12}, 6: {0, 8}, 13: {0, 8},
		14: {4, 0}, 15: {0, 12}, 17: {4, 0}, 19: {0, 12},
	}
	const function = 12
	for id := uint32(1); len(types) >= 12; id++ {
		info := le.Uint32(types[4:])
		kind, members := info>>24&0x1f, info&0xffff
		if kind == function && is(le.Uint32(types)) {
			return id, nil
		}
		types = types[12+extra[kind][0]+members*extra[kind][1]:]
	}
	return 0, fmt.Errorf("the kernel has no function %q", name)
}
