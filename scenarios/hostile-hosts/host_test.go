// Package hostile asks the host what programs and tests take for granted. Every test passes on an ordinary Linux host.
package hostile

import (
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"unsafe"
)

// TestPerf opens a software event that counts the kernel, too, as `perf stat` does.
func TestPerf(t *testing.T) {
	attr := [16]uint64{0: 1 | 128<<32} // PERF_TYPE_SOFTWARE, 128 bytes, PERF_COUNT_SW_CPU_CLOCK
	fd, _, errno := syscall.Syscall6(298, uintptr(unsafe.Pointer(&attr)), 0, ^uintptr(0), ^uintptr(0), 0, 0)
	if errno != 0 {
		t.Fatalf("perf_event_open: %v", errno)
	}
	syscall.Close(int(fd))
	level, err := os.ReadFile("/proc/sys/kernel/perf_event_paranoid")
	t.Logf("level %s%v", level, err)
}

// TestStatx needs a call of Linux 4.11.
func TestStatx(t *testing.T) {
	var buf [256]byte
	path := []byte("/\x00")
	_, _, errno := syscall.Syscall6(332, ^uintptr(99), uintptr(unsafe.Pointer(&path[0])), 0, 0x7ff, uintptr(unsafe.Pointer(&buf)), 0)
	if errno != 0 {
		t.Fatalf("statx: %v", errno)
	}
}

// TestRelease asks every place that says which kernel this is; all must agree.
func TestRelease(t *testing.T) {
	var name syscall.Utsname
	if err := syscall.Uname(&name); err != nil {
		t.Fatal(err)
	}
	var release strings.Builder
	for _, c := range name.Release {
		if c == 0 {
			break
		}
		release.WriteByte(byte(c))
	}
	file, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		t.Fatal(err)
	}
	version, err := os.ReadFile("/proc/version")
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.TrimSpace(string(file)); got != release.String() {
		t.Fatalf("osrelease %q, uname %q", got, release.String())
	}
	if want := "Linux version " + release.String() + " "; !strings.HasPrefix(string(version), want) {
		t.Fatalf("/proc/version %q, uname %q", version, release.String())
	}
	t.Logf("release %s", release.String())
}

// TestNamespace makes a user namespace, as sandboxes and rootless containers do.
func TestNamespace(t *testing.T) {
	cmd := exec.Command("true")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER}
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
}

// TestHome needs the variable that os.UserHomeDir asks for.
func TestHome(t *testing.T) {
	home, err := os.UserHomeDir()
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("home %s", home)
}

// TestGoInPath needs the folder of the toolchain in PATH.
func TestGoInPath(t *testing.T) {
	if _, err := exec.LookPath("go"); err != nil {
		t.Fatal(err)
	}
}

// TestExec starts a program with the environment that it has itself and 16 KiB more.
func TestExec(t *testing.T) {
	cmd := exec.Command("true")
	cmd.Env = append(os.Environ(), "MORE="+strings.Repeat("x", 16<<10))
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
}

// TestManyFiles has 200 descriptors open at once.
func TestManyFiles(t *testing.T) {
	for range make([]int, 200) {
		file, err := os.Open(os.DevNull)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
	}
}

// TestMap reserves 4 GiB of address space.
func TestMap(t *testing.T) {
	memory, err := syscall.Mmap(-1, 0, 4<<30, syscall.PROT_NONE, syscall.MAP_PRIVATE|syscall.MAP_ANON)
	if err != nil {
		t.Fatal(err)
	}
	syscall.Munmap(memory)
}

// TestLargeFile writes 8 MiB.
func TestLargeFile(t *testing.T) {
	if err := os.WriteFile(filepath.Join(t.TempDir(), "large"), make([]byte, 8<<20), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestLimits reads what setrlimit(2) says, for those limits that no small test meets.
func TestLimits(t *testing.T) {
	for name, limit := range map[string]struct {
		number int
		least  uint64
	}{"core": {4, 1}, "stack": {3, 2 << 20}, "memlock": {8, 65 << 10}, "nproc": {6, 200}} {
		var value syscall.Rlimit
		if err := syscall.Getrlimit(limit.number, &value); err != nil {
			t.Fatal(err)
		}
		if value.Max < limit.least {
			t.Errorf("%s: %d", name, value.Max)
		}
	}
}

// TestTwoCPUs needs two.
func TestTwoCPUs(t *testing.T) {
	if runtime.NumCPU() < 2 {
		t.Fatalf("NumCPU %d", runtime.NumCPU())
	}
}

// TestTwoProcs needs two threads that run Go at once.
func TestTwoProcs(t *testing.T) {
	if runtime.GOMAXPROCS(0) < 2 {
		t.Fatalf("GOMAXPROCS %d", runtime.GOMAXPROCS(0))
	}
}

// TestNoQuota finds the CPU quota as Go's runtime does.
func TestNoQuota(t *testing.T) {
	group, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		t.Skip(err)
	}
	_, path, _ := strings.Cut(strings.TrimSpace(string(group)), "0::")
	quota, err := os.ReadFile("/sys/fs/cgroup" + path + "/cpu.max")
	if errors.Is(err, os.ErrNotExist) {
		return // the root group has none
	}
	if err != nil || !strings.HasPrefix(string(quota), "max") {
		t.Fatalf("quota %q %v", quota, err)
	}
}

// TestTemporary writes where temporary files belong.
func TestTemporary(t *testing.T) {
	if err := os.WriteFile(filepath.Join(t.TempDir(), "file"), []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestFolder makes a folder where HOSTILE_DIR says.
func TestFolder(t *testing.T) {
	parent := os.Getenv("HOSTILE_DIR")
	if parent == "" {
		parent = "/tmp"
	}
	dir, err := os.MkdirTemp(parent, "hostile")
	if err != nil {
		t.Fatal(err)
	}
	os.Remove(dir)
}

// TestLocalhost resolves the one name that every host knows.
func TestLocalhost(t *testing.T) {
	addresses, err := (&net.Resolver{PreferGo: true}).LookupHost(context.Background(), "localhost")
	if err != nil {
		t.Fatal(err)
	}
	for _, address := range addresses {
		if !net.ParseIP(address).IsLoopback() {
			t.Fatalf("localhost is %s", address)
		}
	}
}
