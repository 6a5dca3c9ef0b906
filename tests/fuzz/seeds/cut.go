// Cuts a Go executable down to a seed for the targets `pclntab` and `stack`: a few functions of its table, their inlined
// calls, its build information, and a moduledata that says where all that is. Everything is loaded where it is in the
// file, 16 MiB further up.
//
//	go build -o /tmp/x . && go run cut.go /tmp/x pclntab/program
//
// It reads executables of go1.26, linked without -buildmode=pie (moduledata is filled in as the program starts there).

//go:build ignore

package main

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"log"
	"os"
	"strings"
)

const (
	base     = 0x1000000
	most     = 70  // functions
	gofunc   = 320 // of moduledata, in go1.26
	funcSize = 44
)

var le = binary.LittleEndian

// What the walk up a stack treats in a way of its own, and what tests are found by.
var always = []string{"runtime.systemstack", "runtime.morestack", "runtime.sigtramp", "runtime.asyncPreempt", "runtime.sigpanic",
	"runtime.goexit", "runtime.mcall", "runtime.gogo", "runtime.main", "runtime.cgocallback", "runtime.gopanic", "testing.tRunner",
	"testing.(*T).Run.gowrap1", "syscall.Syscall", "internal/runtime/syscall/linux.Syscall6", "os.(*File).Write", "os.OpenFile"}

func main() {
	file, err := elf.Open(os.Args[1])
	check(err)
	section := func(name string) (*elf.Section, []byte) {
		section := file.Section(name)
		if section == nil {
			log.Fatal("no section ", name)
		}
		data, err := section.Data()
		check(err)
		return section, data
	}
	_, table := section(".gopclntab")
	_, info := section(".go.buildinfo")
	_, module := section(".go.module")
	tree := memory(file, le.Uint64(module[gofunc:]))

	word := func(index int) int { return int(le.Uint64(table[8+index*8:])) }
	count, names, units, files, values, list := word(0), word(3), word(4), word(5), word(6), word(7)
	half := func(at int) uint32 { return le.Uint32(table[at:]) }
	text := func(at int) string { return string(table[at : at+bytes.IndexByte(table[at:], 0)]) }

	newNames, newUnits, newFiles, newValues, newTree := texts{}, []byte{}, texts{}, []byte{0}, []byte{}
	var entries, records []byte
	copyValues := func(offset uint32) (uint32, int) {
		if offset == 0 {
			return 0, -1
		}
		from := table[values+int(offset):]
		length, largest := walk(from)
		newValues = append(newValues, from[:length]...)
		return uint32(len(newValues) - length), largest
	}
	kept := 0
	for index := range count {
		entry, record := half(list+index*8), list+int(half(list+index*8+4))
		name := text(names + int(half(record+4)))
		if !wanted(name, index*most/count != (index+1)*most/count) {
			continue
		}
		kept++
		tables, datas := int(half(record+28)), int(table[record+43])
		new := append([]byte{}, table[record:record+funcSize]...)
		put := func(at int, value uint32) { le.PutUint32(new[at:], value) }
		put(4, newNames.at(name))
		sp, _ := copyValues(half(record + 16))
		fileTable, fileCount := copyValues(half(record + 20))
		line, _ := copyValues(half(record + 24))
		put(16, sp)
		put(20, fileTable)
		put(24, line)
		put(32, uint32(len(newUnits)/4))
		for number := range fileCount + 1 {
			place := half(units + (int(half(record+32))+number)*4)
			if place != ^uint32(0) {
				place = newFiles.at(text(files + int(place)))
			}
			newUnits = le.AppendUint32(newUnits, place)
		}
		inlined := -1
		for number := range tables {
			offset := uint32(0)
			if number == 2 {
				offset, inlined = copyValues(half(record + funcSize + number*4))
			}
			new = le.AppendUint32(new, offset)
		}
		for number := range datas {
			offset := ^uint32(0)
			if old := half(record + funcSize + (tables+number)*4); number == 3 && old != offset {
				offset = uint32(len(newTree))
				for call := range inlined + 1 {
					one := append([]byte{}, tree[int(old)+call*16:][:16]...)
					le.PutUint32(one[4:], newNames.at(text(names+int(le.Uint32(one[4:])))))
					newTree = append(newTree, one...)
				}
			}
			new = le.AppendUint32(new, offset)
		}
		entries = le.AppendUint32(entries, entry)
		entries = le.AppendUint32(entries, uint32(len(records)))
		records = append(records, new...)
	}
	last := half(list + count*8)
	for at := 4; at < len(entries); at += 8 {
		le.PutUint32(entries[at:], le.Uint32(entries[at:])+uint32(len(entries))+4)
	}
	first := le.Uint32(entries)
	entries = le.AppendUint32(entries, last)

	header := append([]byte{}, table[:8]...)
	parts := [][]byte{newNames.bytes, newUnits, newFiles.bytes, newValues, append(entries, records...)}
	header = le.AppendUint64(header, uint64(kept))
	header = le.AppendUint64(header, uint64(len(newFiles.places)))
	header = le.AppendUint64(header, 0)
	var body []byte
	for _, part := range parts {
		body = append(body, make([]byte, -len(body)&7)...)
		header = le.AppendUint64(header, uint64(72+len(body)))
		body = append(body, part...)
	}
	table = append(header, body...)

	var out []byte
	place := func(part []byte) (at uint64) {
		out = append(out, make([]byte, -len(out)&15)...)
		at = uint64(len(out))
		out = append(out, part...)
		return at
	}
	place(make([]byte, 64+3*56))
	tableAt := place(table)
	treeAt := place(newTree)
	infoAt := place(info)
	moduleAt := place(module)
	sections := [][3]any{{"", uint64(0), 0}, {".gopclntab", tableAt, len(table)}, {".go.buildinfo", infoAt, len(info)},
		{".go.module", moduleAt, len(module)}, {".shstrtab", uint64(0), 0}}
	var sectionNames []byte
	for _, section := range sections {
		sectionNames = append(append(sectionNames, section[0].(string)...), 0)
	}
	sections[4][1], sections[4][2] = place(sectionNames), len(sectionNames)
	end := uint64(len(out)+15) &^ 15
	start := le.Uint64(module[176:])
	for at, value := range map[int]uint64{0: base + tableAt, 8: base + tableAt + le.Uint64(table[32:]), 160: start + uint64(first),
		168: start + uint64(last), 184: start + uint64(last), 224: base + end, 232: base + end + 0x1000, gofunc: base + treeAt} {
		le.PutUint64(out[int(moduleAt)+at:], value)
	}

	var whole bytes.Buffer
	write := func(value any) { check(binary.Write(&whole, le, value)) }
	head := elf.Header64{Type: uint16(elf.ET_EXEC), Machine: uint16(elf.EM_X86_64), Version: 1, Phoff: 64, Shoff: end, Ehsize: 64,
		Phentsize: 56, Phnum: 3, Shentsize: 64, Shnum: uint16(len(sections)), Shstrndx: 4}
	copy(head.Ident[:], "\x7fELF\x02\x01\x01")
	write(head)
	write(elf.Prog64{Type: uint32(elf.PT_PHDR), Flags: 4, Off: 64, Vaddr: base + 64, Filesz: 3 * 56, Memsz: 3 * 56})
	write(elf.Prog64{Type: uint32(elf.PT_LOAD), Flags: 4, Vaddr: base, Filesz: infoAt, Memsz: infoAt})
	write(elf.Prog64{Type: uint32(elf.PT_LOAD), Flags: 6, Off: infoAt, Vaddr: base + infoAt, Filesz: end - infoAt,
		Memsz: end - infoAt + 0x1000})
	copy(out, whole.Bytes())
	whole.Reset()
	whole.Write(append(out, make([]byte, end-uint64(len(out)))...))
	nameAt := 0
	for _, section := range sections {
		name, offset, size := section[0].(string), section[1].(uint64), section[2].(int)
		write(elf.Section64{Name: uint32(nameAt), Type: 1, Addr: base + offset, Off: offset, Size: uint64(size)})
		nameAt += len(name) + 1
	}
	check(os.WriteFile(os.Args[2], whole.Bytes(), 0o666))
}

// wanted says which functions are kept: some of the table's, and those that have a meaning.
func wanted(name string, isTurn bool) bool {
	for _, one := range always {
		if name == one {
			return true
		}
	}
	return isTurn || strings.HasPrefix(name, "main.") || strings.Contains(name, ".Test")
}

// walk follows a table of values: its length, and its largest value.
func walk(from []byte) (length, largest int) {
	value, largest := -1, -1
	for first := true; ; first = false {
		change, size := binary.Uvarint(from[length:])
		length += size
		if change == 0 && !first {
			return length, largest
		}
		value += int(int32(change>>1) ^ -int32(change&1))
		largest = max(largest, value)
		_, size = binary.Uvarint(from[length:])
		length += size
	}
}

// memory is what is loaded from an address on.
func memory(file *elf.File, address uint64) []byte {
	for _, prog := range file.Progs {
		if prog.Type == elf.PT_LOAD && address-prog.Vaddr < prog.Filesz {
			data := make([]byte, prog.Filesz-(address-prog.Vaddr))
			_, err := prog.ReadAt(data, int64(address-prog.Vaddr))
			check(err)
			return data
		}
	}
	log.Fatalf("nothing is loaded at %x", address)
	return nil
}

// texts are names, each once, each with a NUL behind it.
type texts struct {
	bytes  []byte
	places map[string]uint32
}

func (t *texts) at(text string) uint32 {
	if t.places == nil {
		t.places = map[string]uint32{}
	}
	place, ok := t.places[text]
	if !ok {
		place = uint32(len(t.bytes))
		t.places[text] = place
		t.bytes = append(append(t.bytes, text...), 0)
	}
	return place
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
