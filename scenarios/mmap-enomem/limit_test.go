package memory

import (
	"fmt"
	"io/ioutil"
	"os"
	"syscall"
	"testing"
	"unsafe"
)

const page = 4096

// A program at the limit removes a part of a mapping: what is left of it would be two.
func TestUnmapAtMapCount(t *testing.T) {
	area := reserve(t, 3*page)
	filler := fillable(t)
	errno := filler.fill()
	_, _, ofUnmap := syscall.RawSyscall(syscall.SYS_MUNMAP, area+page, page, 0)
	filler.remove() // what the runtime itself needs now is not meant here
	t.Logf("made=%d, then: %v", filler.made, errno)
	t.Logf("munmap of the middle of a mapping: %v", ofUnmap)
}

// The heap is to grow at the limit.
func TestHeapAtMapCount(t *testing.T) {
	filler, said := fillable(t), []byte("at the limit\n")
	filler.fill()
	// By hand, for the runtime may want memory to print it.
	syscall.RawSyscall(syscall.SYS_WRITE, 1, uintptr(unsafe.Pointer(&said[0])), uintptr(len(said)))
	for len(kept) < 64 {
		kept = append(kept, touched(4*mebi))
	}
	t.Logf("grown=%d MiB", 4*len(kept))
	kept = nil
}

// What the runtime may meet, met by the test itself.
func TestLock(t *testing.T) {
	err := syscall.Mlock(touched(2 * page))
	t.Logf("mlock of two pages: %v", err)
	if err != nil {
		t.Fail()
	}
}

// The program starts anew where one page can be locked, and not two. That does not limit root.
func TestStartWithOneLock(t *testing.T) {
	const memlock = 8 // RLIMIT_MEMLOCK
	if err := syscall.Setrlimit(memlock, &syscall.Rlimit{Cur: page, Max: page}); err != nil {
		t.Fatal(err)
	}
	// Not with t.Log, for that would be lost in execve.
	fmt.Printf("with a limit of one page, mlock of two for uid %d: %v\n", syscall.Getuid(), syscall.Mlock(touched(2*page)))
	t.Fatal(syscall.Exec(os.Args[0], []string{os.Args[0], "-test.v", "-test.run=^TestOnKernel$"}, os.Environ()))
}

// The runtime goes by what uname says.
func TestOnKernel(t *testing.T) {
	var name syscall.Utsname
	if err := syscall.Uname(&name); err != nil {
		t.Fatal(err)
	}
	release := ""
	for _, c := range name.Release {
		if c == 0 {
			break
		}
		release += string(rune(c))
	}
	t.Logf("runs on Linux %s", release)
	TestScavenge(t)
}

// An area in which every second page can get other rights, and so a mapping of its own.
type filler struct{ start, pages, made uintptr }

// fill makes as many mappings as vm.max_map_count allows, and gives the error that came then.
func (f *filler) fill() syscall.Errno {
	for i := uintptr(1); i < f.pages; i += 2 {
		_, _, errno := syscall.RawSyscall(syscall.SYS_MPROTECT, f.start+i*page, page, syscall.PROT_READ)
		if errno != 0 {
			return errno
		}
		f.made += 2
	}
	return 0
}

func (f *filler) remove() { syscall.RawSyscall(syscall.SYS_MUNMAP, f.start, f.pages*page, 0) }

func fillable(t *testing.T) *filler {
	text, err := ioutil.ReadFile("/proc/sys/vm/max_map_count")
	if err != nil {
		t.Fatal(err)
	}
	var most uintptr
	if _, err := fmt.Sscan(string(text), &most); err != nil {
		t.Fatal(err)
	}
	if most > 300000 {
		t.Skipf("vm.max_map_count is %d: too many to make", most)
	}
	return &filler{start: reserve(t, 2*most*page), pages: 2 * most}
}

func reserve(t *testing.T, size uintptr) uintptr {
	const reserved = syscall.MAP_ANON | syscall.MAP_PRIVATE | syscall.MAP_NORESERVE
	area, _, errno := syscall.Syscall6(syscall.SYS_MMAP, 0, size, syscall.PROT_NONE, reserved, ^uintptr(0), 0)
	if errno != 0 {
		t.Fatalf("mmap of %d bytes: %v", size, errno)
	}
	return area
}
