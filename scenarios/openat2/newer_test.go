// Package newer uses system calls for which package syscall has no function, with the fallbacks that programs have written
// around them.
package newer

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"unsafe"
)

const (
	sysOpenat2    = 437
	sysFchmodat2  = 452
	resolveInRoot = 0x10
	oPath         = 0x200000
	atEmptyPath   = 0x1000
)

func TestOpenFallbackOnENOSYS(t *testing.T) { testOpen(t, false) }
func TestOpenMended(t *testing.T)           { testOpen(t, true) }

func testOpen(t *testing.T, isMended bool) {
	t.Helper()
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "data"), []byte("0123"), 0o600); err != nil {
		t.Fatal(err)
	}
	root, err := os.Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	fd, err := openUnder(int(root.Fd()), "data", isMended)
	if err != nil {
		t.Fatalf("openat2: %v", err)
	}
	f := os.NewFile(uintptr(fd), "data")
	defer f.Close()
	got, err := io.ReadAll(f)
	t.Logf("read=%d err=%v", len(got), err)
	if err != nil || string(got) != "0123" {
		t.Errorf("read %q, the error is %v", got, err)
	}
}

// openUnder opens a file below a folder: by openat2, or where that is missing by openat. So it is in
// github.com/containers/storage and, in C, in crun; what these mended later is that EPERM means missing, too, and that EAGAIN
// means again.
func openUnder(root int, name string, isMended bool) (int, error) {
	path, err := syscall.BytePtrFromString(name)
	if err != nil {
		return -1, err
	}
	how := struct{ flags, mode, resolve uint64 }{flags: syscall.O_RDONLY | syscall.O_CLOEXEC, resolve: resolveInRoot}
	for tries := 1; ; tries++ {
		fd, _, errno := syscall.Syscall6(sysOpenat2, uintptr(root), uintptr(unsafe.Pointer(path)), uintptr(unsafe.Pointer(&how)), unsafe.Sizeof(how), 0, 0)
		switch {
		case errno == 0:
			return int(fd), nil
		case errno == syscall.ENOSYS, isMended && errno == syscall.EPERM:
			return syscall.Openat(root, name, syscall.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_CLOEXEC, 0)
		case isMended && errno == syscall.EAGAIN && tries < 10:
		default:
			return -1, errno
		}
	}
}

// TestChmodFile changes the mode of a file behind a descriptor that can do nothing else.
func TestChmodFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "data")
	if err := os.WriteFile(name, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	fd, err := syscall.Open(name, oPath|syscall.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(fd)
	err = chmodFile(fd, 0o640)
	info, stat := os.Stat(name)
	if stat != nil {
		t.Fatal(stat)
	}
	t.Logf("mode=%o err=%v", info.Mode().Perm(), err)
	if err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("the mode is %v, the error is %v", info.Mode(), err)
	}
}

// chmodFile is runc's: where the kernel cannot do it without a path, by the link in /proc.
func chmodFile(fd int, mode uint32) error {
	err := fchmodat2(fd, "", mode, atEmptyPath)
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.EOPNOTSUPP) {
		return syscall.Fchmodat(-100, "/proc/self/fd/"+strconv.Itoa(fd), mode, 0)
	}
	return err
}

// fchmodat2 is what Fchmodat of golang.org/x/sys/unix does with flags.
func fchmodat2(fd int, name string, mode uint32, flags int) error {
	path, err := syscall.BytePtrFromString(name)
	if err != nil {
		return err
	}
	_, _, errno := syscall.Syscall6(sysFchmodat2, uintptr(fd), uintptr(unsafe.Pointer(path)), uintptr(mode), uintptr(flags), 0, 0)
	switch errno {
	case 0:
		return nil
	case syscall.ENOSYS:
		return syscall.EOPNOTSUPP
	}
	return errno
}

func TestLchown(t *testing.T) {
	folder := t.TempDir()
	link := filepath.Join(folder, "link")
	// It leads nowhere: only one that changes the link itself can succeed.
	if err := os.Symlink("nowhere", link); err != nil {
		t.Fatal(err)
	}
	err := os.Lchown(link, os.Getuid(), os.Getgid())
	t.Logf("lchown: err=%v", err)
	if err != nil {
		t.Error(err)
	}
}
