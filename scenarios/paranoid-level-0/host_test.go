package perf

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestDefault says the level of this host, and how many of the files that are
// applied at boot set it. Where none does, it is the kernel's own.
func TestDefault(t *testing.T) {
	files := []string{"/etc/sysctl.conf"}
	for _, folder := range []string{"/etc", "/run", "/usr/local/lib", "/usr/lib", "/lib"} {
		found, _ := filepath.Glob(folder + "/sysctl.d/*.conf")
		files = append(files, found...)
	}
	set := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		for _, line := range strings.Split(string(text), "\n") {
			line = strings.TrimSpace(line)
			if strings.Contains(line, "perf_event_paranoid") && !strings.HasPrefix(line, "#") && !strings.HasPrefix(line, ";") {
				fmt.Printf("%s: %s\n", file, line)
				set++
			}
		}
	}
	release, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		t.Fatal(err)
	}
	fmt.Printf("level=%s files=%d set_by_files=%d kernel %s", level(t), len(files), set, release)
}

// TestPath opens the file that the document writes to, and the real one. For
// writing, but nothing is written and nothing would be created.
func TestPath(t *testing.T) {
	for _, path := range []string{"/sys/kernel/perf_event_paranoid", "/proc/sys/kernel/perf_event_paranoid"} {
		file, err := os.OpenFile(path, os.O_RDWR, 0)
		if err == nil {
			file.Close()
		}
		fmt.Printf("%s: err=%v\n", path, err)
	}
	found := 0
	err := filepath.WalkDir("/sys/kernel", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return fs.SkipDir
		}
		if strings.Contains(entry.Name(), "perf_event_paranoid") {
			found++
		}
		// The slab caches and the debugging file systems are large, and no place for settings.
		if entry.IsDir() && (entry.Name() == "slab" || entry.Name() == "debug" || entry.Name() == "tracing") {
			return fs.SkipDir
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	fmt.Printf("found_in_sys_kernel=%d\n", found)
}
