package btf

import (
	"debug/elf"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// report says what kinds of type information a file has.
func report(t *testing.T, path string) {
	t.Helper()
	file, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	has := func(name string) bool { return file.Section(name) != nil }
	// Older releases compress DWARF in sections of other names.
	dwarf := has(".debug_info") || has(".zdebug_info")
	t.Logf("sections=%d btf=%t dwarf=%t", len(file.Sections), has(".BTF"), dwarf)
}

// TestBTF reads this executable.
func TestBTF(t *testing.T) { report(t, "/proc/self/exe") }

// TestKernel reads the kernel's BTF, which begins with a magic number.
func TestKernel(t *testing.T) {
	data, err := os.ReadFile("/sys/kernel/btf/vmlinux")
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("magic=%#x bytes=%d", binary.LittleEndian.Uint16(data), len(data))
}

// TestCompilerThatWritesBTF shows that this test would find BTF: gcc writes it
// when it is asked to.
func TestCompilerThatWritesBTF(t *testing.T) {
	object := filepath.Join(t.TempDir(), "c.o")
	cmd := exec.Command("gcc", "-gbtf", "-c", "-o", object, "testdata/move.c")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("gcc -gbtf: %v: %s", err, out)
	}
	report(t, object)
}
