package inc

import (
	"debug/elf"
	"testing"
)

// TestBTF reads this executable.
func TestBTF(t *testing.T) {
	if Inc(1) != 2 {
		t.Fatal("C is not at work")
	}
	file, err := elf.Open("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	t.Logf("sections=%d btf=%t dwarf=%t", len(file.Sections), file.Section(".BTF") != nil, file.Section(".debug_info") != nil)
}
