// Package eintr has file operations that a signal may interrupt on some file systems (FUSE, CIFS, NFS, cgroups). Each test
// checks what came of its operation.
package eintr

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"syscall"
	"testing"
	"unsafe"
)

// TestWriteFile writes as those do that put a process into a control group. The file is an ordinary one of that name.
func TestWriteFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "cgroup.procs")
	err := os.WriteFile(name, []byte("4711"), 0o600)
	check(t, name, "4711", err)
}

// TestFileWrite opens the file first, and writes to it in two pieces.
func TestFileWrite(t *testing.T) {
	name := filepath.Join(t.TempDir(), "cgroup.procs")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	_, err = f.WriteString("47")
	if err == nil {
		_, err = f.WriteAt([]byte("11"), 2)
	}
	check(t, name, "4711", err)
}

// TestRawWrite goes around package os.
func TestRawWrite(t *testing.T) {
	name := filepath.Join(t.TempDir(), "cgroup.procs")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	_, err = syscall.Write(int(f.Fd()), []byte("4711"))
	check(t, name, "4711", err)
}

func check(t *testing.T, name, want string, err error) {
	t.Helper()
	got, _ := os.ReadFile(name)
	t.Logf("written=%d err=%v", len(got), err)
	if err != nil || string(got) != want {
		t.Errorf("the file holds %q, the error is %v", got, err)
	}
}

func TestReadFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "data")
	want := bytes.Repeat([]byte("0123456789abcdef"), 4096)
	if err := os.WriteFile(name, want, 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(name)
	t.Logf("read=%d err=%v", len(got), err)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("read %d of %d bytes, the error is %v", len(got), len(want), err)
	}
}

func TestRawRead(t *testing.T) {
	name := filepath.Join(t.TempDir(), "data")
	if err := os.WriteFile(name, []byte("0123"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	n, err := syscall.Read(int(f.Fd()), make([]byte, 10))
	t.Logf("read=%d err=%v", n, err)
	if err != nil || n != 4 {
		t.Errorf("read %d bytes, the error is %v", n, err)
	}
}

// tree makes a folder with files, more than one getdents64 gives at a time.
func tree(t *testing.T) (folder string, names []string) {
	t.Helper()
	folder = filepath.Join(t.TempDir(), "tree")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	for i := 0; i < 300; i++ {
		name := fmt.Sprintf("a-file-with-a-name-of-some-length-%04d", i)
		if err := os.WriteFile(filepath.Join(folder, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
	}
	return folder, names
}

func TestReadDir(t *testing.T) {
	folder, names := tree(t)
	entries, err := os.ReadDir(folder)
	t.Logf("entries=%d err=%v", len(entries), err)
	if err != nil || len(entries) != len(names) {
		t.Errorf("%d of %d entries, the error is %v", len(entries), len(names), err)
	}
}

// TestReaddir asks for each file of a folder, too.
func TestReaddir(t *testing.T) {
	folder, names := tree(t)
	f, err := os.Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	infos, err := f.Readdir(-1)
	t.Logf("infos=%d err=%v", len(infos), err)
	if err != nil || len(infos) != len(names) {
		t.Errorf("%d of %d files, the error is %v", len(infos), len(names), err)
	}
}

// TestStat asks for each file in every way that package os has.
func TestStat(t *testing.T) {
	name := filepath.Join(t.TempDir(), "data")
	if err := os.WriteFile(name, []byte("0123"), 0o600); err != nil {
		t.Fatal(err)
	}
	for what, stat := range map[string]func(string) (os.FileInfo, error){"Stat": os.Stat, "Lstat": os.Lstat} {
		info, err := stat(name)
		if err != nil {
			t.Errorf("%s: %v", what, err)
			continue
		}
		t.Logf("%s: size=%d err=%v", what, info.Size(), err)
	}
}

func TestWalk(t *testing.T) {
	folder, names := tree(t)
	var seen []string
	err := filepath.Walk(folder, func(path string, info os.FileInfo, err error) error {
		if err != nil {
			return err
		}
		if !info.IsDir() {
			seen = append(seen, info.Name())
		}
		return nil
	})
	sort.Strings(seen)
	t.Logf("walked=%d err=%v", len(seen), err)
	if err != nil || len(seen) != len(names) {
		t.Errorf("walked over %d of %d files, the error is %v", len(seen), len(names), err)
	}
}

func TestRawStat(t *testing.T) {
	var st syscall.Stat_t
	err := syscall.Lstat(t.TempDir(), &st)
	t.Logf("err=%v", err)
	if err != nil {
		t.Error(err)
	}
}

func TestRemove(t *testing.T) {
	folder, _ := tree(t)
	err := os.Remove(filepath.Join(folder, "a-file-with-a-name-of-some-length-0000"))
	t.Logf("err=%v", err)
	if err != nil {
		t.Error(err)
	}
}

func TestRemoveAll(t *testing.T) {
	folder, _ := tree(t)
	err := os.RemoveAll(folder)
	left, _ := os.ReadDir(folder)
	t.Logf("left=%d err=%v", len(left), err)
	if err != nil || len(left) > 0 {
		t.Errorf("%d files are left, the error is %v", len(left), err)
	}
	if _, err := os.Lstat(folder); err == nil {
		t.Error("the folder is left")
	}
}

func TestRawUnlink(t *testing.T) {
	folder, names := tree(t)
	err := syscall.Unlink(filepath.Join(folder, names[0]))
	t.Logf("err=%v", err)
	if err != nil {
		t.Error(err)
	}
}

// TestOwner sets the owner to who it is.
func TestOwner(t *testing.T) {
	name := filepath.Join(t.TempDir(), "data")
	if err := os.WriteFile(name, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	uid, gid := os.Getuid(), os.Getgid()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for what, err := range map[string]error{
		"Chown":      os.Chown(name, uid, gid),
		"Lchown":     os.Lchown(name, uid, gid),
		"File.Chown": f.Chown(uid, gid),
		"Chmod":      os.Chmod(name, 0o640),
	} {
		t.Logf("%s: err=%v", what, err)
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("the mode is %v, the error is %v", info, err)
	}
}

// TestRawOwner goes around package os.
func TestRawOwner(t *testing.T) {
	err := syscall.Chown(t.TempDir(), os.Getuid(), os.Getgid())
	t.Logf("err=%v", err)
	if err != nil {
		t.Error(err)
	}
}

// TestAttribute asks for an attribute, for which there is only package syscall; that there is none of this name is a right answer.
func TestAttribute(t *testing.T) {
	_, err := syscall.Getxattr(t.TempDir(), "user.none", make([]byte, 10))
	t.Logf("err=%v", err)
	if err != nil && err != syscall.ENODATA && err != syscall.EOPNOTSUPP {
		t.Errorf("getxattr: %v", err)
	}
}

// TestLinkAttribute asks as github.com/pkg/xattr does now: again while it is interrupted.
func TestLinkAttribute(t *testing.T) {
	path, err := syscall.BytePtrFromString(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	name, err := syscall.BytePtrFromString("user.none")
	if err != nil {
		t.Fatal(err)
	}
	tries, errno := 0, syscall.EINTR
	for errno == syscall.EINTR {
		tries++
		_, _, errno = syscall.Syscall6(syscall.SYS_LGETXATTR, uintptr(unsafe.Pointer(path)), uintptr(unsafe.Pointer(name)), 0, 0, 0, 0)
	}
	t.Logf("tries=%d err=%v", tries, errno)
	if errno != 0 && errno != syscall.ENODATA && errno != syscall.EOPNOTSUPP {
		t.Errorf("lgetxattr: %v", errno)
	}
}
