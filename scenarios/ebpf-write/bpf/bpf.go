package bpf

import (
	"encoding/binary"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"unsafe"
)

// System calls that package syscall has no names for, on amd64.
const (
	sysPerfEventOpen = 298
	sysBPF           = 321
)

// Commands of bpf(2).
const (
	cmdMapCreate         = 0
	cmdMapLookup         = 1
	cmdProgLoad          = 5
	cmdRawTracepointOpen = 17
	cmdEnableStats       = 32
	cmdObjGetInfo        = 15
)

// Kinds of programs.
const (
	Kprobe        = 2
	Tracepoint    = 5
	PerfEvent     = 7
	RawTracepoint = 17
	Tracing       = 26
)

// Call is bpf(2).
func Call(cmd int, attr []byte) (int, error) {
	r, _, errno := syscall.Syscall(sysBPF, uintptr(cmd), uintptr(unsafe.Pointer(&attr[0])), uintptr(len(attr)))
	if errno != 0 {
		return -1, errno
	}
	return int(r), nil
}

func put32(b []byte, at int, v uint32) { binary.LittleEndian.PutUint32(b[at:], v) }
func put64(b []byte, at int, v uint64) { binary.LittleEndian.PutUint64(b[at:], v) }

// escaped keeps what pointer was given off the stack, which may move.
var escaped unsafe.Pointer

// pointer is a pointer as the kernel takes it within a structure.
func pointer(p unsafe.Pointer) uint64 {
	atomic.StorePointer(&escaped, p)
	return uint64(uintptr(p))
}

// Map is a BPF map.
type Map struct {
	FD   int
	size int
}

// NewArray makes an array map of 8-byte counters.
func NewArray(entries int) (*Map, error) { return newMap(2, 4, 8, entries) }

func newMap(kind, key, value, entries int) (*Map, error) {
	attr := make([]byte, 72)
	put32(attr, 0, uint32(kind))
	put32(attr, 4, uint32(key))
	put32(attr, 8, uint32(value))
	put32(attr, 12, uint32(entries))
	fd, err := Call(cmdMapCreate, attr)
	if err != nil {
		return nil, fmt.Errorf("making a map of kind %d: %w", kind, err)
	}
	return &Map{FD: fd, size: entries}, nil
}

// Get reads a counter.
func (m *Map) Get(index uint32) uint64 {
	var value uint64
	attr := make([]byte, 32)
	put32(attr, 0, uint32(m.FD))
	put64(attr, 8, pointer(unsafe.Pointer(&index)))
	put64(attr, 16, pointer(unsafe.Pointer(&value)))
	if _, err := Call(cmdMapLookup, attr); err != nil {
		panic(err)
	}
	runtime.KeepAlive(&index)
	runtime.KeepAlive(&value)
	return value
}

// Close gives the map back.
func (m *Map) Close() { syscall.Close(m.FD) }

// Load has a program verified and loaded.
func Load(kind int, a *Asm) (int, error) { return LoadFor(kind, a, 0, 0) }

// LoadFor is Load with an expected type of attachment and a type of the
// kernel's BTF.
func LoadFor(kind int, a *Asm, attach, btf uint32) (int, error) {
	code, err := a.words()
	if err != nil {
		return -1, err
	}
	load := func(log []byte) (int, error) {
		license := []byte("GPL\x00")
		attr := make([]byte, 120)
		put32(attr, 0, uint32(kind))
		put32(attr, 4, uint32(len(code)))
		put64(attr, 8, pointer(unsafe.Pointer(&code[0])))
		put64(attr, 16, pointer(unsafe.Pointer(&license[0])))
		if log != nil {
			put32(attr, 24, 1)
			put32(attr, 28, uint32(len(log)))
			put64(attr, 32, pointer(unsafe.Pointer(&log[0])))
		}
		put32(attr, 68, attach)
		put32(attr, 108, btf)
		fd, err := Call(cmdProgLoad, attr)
		// The verifier gives up where a signal waits; Go's runtime sends some.
		for tries := 0; err == syscall.EAGAIN && tries < 100; tries++ {
			fd, err = Call(cmdProgLoad, attr)
		}
		runtime.KeepAlive(code)
		runtime.KeepAlive(license)
		return fd, err
	}
	fd, err := load(nil)
	if err == syscall.EINVAL || err == syscall.EACCES {
		log := make([]byte, 1<<16)
		if again, err := load(log); err == nil {
			return again, nil
		}
		if lines := strings.TrimSpace(strings.TrimRight(string(log), "\x00")); lines != "" {
			return -1, fmt.Errorf("%w: %s", err, lines)
		}
	}
	return fd, err
}

// AttachRaw hooks a program to a raw tracepoint. (For fentry programs the name
// is empty: they were loaded for their function.) Closing what it gives
// detaches it.
func AttachRaw(name string, prog int) (int, error) {
	text := append([]byte(name), 0)
	attr := make([]byte, 24)
	if name != "" {
		put64(attr, 0, pointer(unsafe.Pointer(&text[0])))
	}
	put32(attr, 8, uint32(prog))
	fd, err := Call(cmdRawTracepointOpen, attr)
	runtime.KeepAlive(text)
	return fd, err
}

// EnableStats has the kernel measure every program's run time until the
// descriptor is closed.
func EnableStats() (int, error) { return Call(cmdEnableStats, make([]byte, 4)) }

// RunTime is how often a program ran under EnableStats, and how many
// nanoseconds that took in all.
func RunTime(prog int) (runs, nanoseconds uint64, err error) {
	info := make([]byte, 232)
	attr := make([]byte, 16)
	put32(attr, 0, uint32(prog))
	put32(attr, 4, uint32(len(info)))
	put64(attr, 8, pointer(unsafe.Pointer(&info[0])))
	_, err = Call(cmdObjGetInfo, attr)
	runtime.KeepAlive(info)
	return binary.LittleEndian.Uint64(info[200:]), binary.LittleEndian.Uint64(info[192:]), err
}

// PerfAttr is what this package sets of struct perf_event_attr.
type PerfAttr struct {
	Type             uint32
	Config           uint64
	SamplePeriod     uint64
	SampleType       uint64
	Flags            uint64
	BpType           uint32
	Config1, Config2 uint64
}

// PerfOpen is perf_event_open(2). The event does nothing until it is enabled.
func PerfOpen(p PerfAttr, pid, cpu int) (int, error) {
	const disabled = 1
	attr := make([]byte, 120)
	put32(attr, 0, p.Type)
	put32(attr, 4, uint32(len(attr)))
	put64(attr, 8, p.Config)
	put64(attr, 16, p.SamplePeriod)
	put64(attr, 24, p.SampleType)
	put64(attr, 40, p.Flags|disabled)
	put32(attr, 52, p.BpType)
	put64(attr, 56, p.Config1)
	put64(attr, 64, p.Config2)
	const closeOnExec = 8
	r, _, errno := syscall.Syscall6(sysPerfEventOpen, uintptr(unsafe.Pointer(&attr[0])),
		uintptr(pid), uintptr(cpu), ^uintptr(0), closeOnExec, 0)
	if errno != 0 {
		return -1, errno
	}
	return int(r), nil
}

// attachPerf hooks a program to a perf event. Every CPU runs it: the event's
// own CPU says only whose buffer would get samples.
func attachPerf(event, prog int) error {
	const setBPF, enable = 0x40042408, 0x2400
	for _, request := range [][2]uintptr{{setBPF, uintptr(prog)}, {enable, 0}} {
		if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(event), request[0], request[1]); errno != 0 {
			syscall.Close(event)
			return errno
		}
	}
	return nil
}

// UprobeType is the kernel's number for this kind of perf event.
func UprobeType() (uint32, error) {
	text, err := os.ReadFile("/sys/bus/event_source/devices/uprobe/type")
	if err != nil {
		return 0, err
	}
	number, err := strconv.Atoi(strings.TrimSpace(string(text)))
	return uint32(number), err
}

// OpenUprobe makes a perf event of the entry at this offset of a file.
func OpenUprobe(file string, offset uint64) (int, error) {
	kind, err := UprobeType()
	if err != nil {
		return -1, err
	}
	path := append([]byte(file), 0)
	event, err := PerfOpen(PerfAttr{Type: kind, SamplePeriod: 1, Config1: pointer(unsafe.Pointer(&path[0])), Config2: offset}, -1, 0)
	runtime.KeepAlive(path)
	return event, err
}

// AttachUprobe hooks a Kprobe program to the entry at this offset of a file.
func AttachUprobe(file string, offset uint64, prog int) (int, error) {
	event, err := OpenUprobe(file, offset)
	if err != nil {
		return -1, err
	}
	return event, attachPerf(event, prog)
}

// AttachTracepoint hooks a Tracepoint program to an event by its number.
func AttachTracepoint(id uint64, prog int) (int, error) {
	event, err := PerfOpen(PerfAttr{Type: 2, Config: id, SamplePeriod: 1}, -1, 0)
	if err != nil {
		return -1, err
	}
	return event, attachPerf(event, prog)
}

// AttachClock hooks a PerfEvent program to the clock of this process.
func AttachClock(prog int) (int, error) {
	event, err := PerfOpen(PerfAttr{Type: 1, Config: 1, SamplePeriod: 1e9}, 0, -1)
	if err != nil {
		return -1, err
	}
	return event, attachPerf(event, prog)
}

// TracepointID is the number of an event, `syscalls/sys_enter_write`. tracefs
// is mounted for it where nobody else sees it: in a mount namespace of one
// thread, which ends with it.
func TracepointID(name string) (uint64, error) {
	type answer struct {
		id  uint64
		err error
	}
	answers := make(chan answer)
	go func() {
		runtime.LockOSThread()
		id, err := tracepointID(name)
		answers <- answer{id, err}
	}()
	a := <-answers
	return a.id, a.err
}

func tracepointID(name string) (uint64, error) {
	const folder = "/sys/kernel/tracing"
	if err := syscall.Unshare(syscall.CLONE_NEWNS); err != nil {
		return 0, fmt.Errorf("a mount namespace: %w", err)
	}
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return 0, err
	}
	if err := syscall.Mount("tracefs", folder, "tracefs", 0, ""); err != nil {
		return 0, fmt.Errorf("tracefs: %w", err)
	}
	text, err := os.ReadFile(folder + "/events/" + name + "/id")
	if err != nil {
		return 0, err
	}
	return strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64)
}

// Ring is a ring buffer with its reader.
type Ring struct {
	*Map
	control, data []byte
}

// NewRing makes a ring of this many bytes, a power of two.
func NewRing(bytes int) (*Ring, error) {
	m, err := newMap(27, 0, 0, bytes)
	if err != nil {
		return nil, err
	}
	page := os.Getpagesize()
	control, err := syscall.Mmap(m.FD, 0, page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("the ring's reader: %w", err)
	}
	data, err := syscall.Mmap(m.FD, int64(page), page+2*bytes, syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("the ring's data: %w", err)
	}
	return &Ring{m, control, data}, nil
}

// Read hands over what was written since, and says how much it was.
func (r *Ring) Read(each func([]byte)) int {
	const busy, discard, header = 1 << 31, 1 << 30, 8
	consumer := (*uint64)(unsafe.Pointer(&r.control[0]))
	producer := (*uint64)(unsafe.Pointer(&r.data[0]))
	page, count := os.Getpagesize(), 0
	at := atomic.LoadUint64(consumer)
	for at < atomic.LoadUint64(producer) {
		record := r.data[page+int(at&uint64(r.size-1)):]
		length := atomic.LoadUint32((*uint32)(unsafe.Pointer(&record[0])))
		if length&busy != 0 {
			break
		}
		size := int(length &^ discard)
		if length&discard == 0 {
			each(record[header : header+size])
			count++
		}
		at += uint64(header+size+7) &^ 7
		atomic.StoreUint64(consumer, at)
	}
	return count
}

// Close gives the ring back.
func (r *Ring) Close() {
	syscall.Munmap(r.control)
	syscall.Munmap(r.data)
	r.Map.Close()
}
