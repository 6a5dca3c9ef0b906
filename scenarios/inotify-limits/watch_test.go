// Package watch watches a folder by inotify, as programs do that reload their configuration.
package watch

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestWatch(t *testing.T) {
	folder := t.TempDir()
	fd, err := syscall.InotifyInit1(syscall.IN_CLOEXEC)
	if err != nil {
		explain(t, "inotify_init1", err)
	}
	defer syscall.Close(fd)
	if _, err := syscall.InotifyAddWatch(fd, folder, syscall.IN_CREATE); err != nil {
		explain(t, "inotify_add_watch", err)
	}
	if err := os.WriteFile(filepath.Join(folder, "new"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	n, err := syscall.Read(fd, make([]byte, 4096))
	t.Logf("event_bytes=%d err=%v", n, err)
	if err != nil || n < syscall.SizeofInotifyEvent {
		t.Errorf("read %d bytes of events: %v", n, err)
	}
}

// explain ends the test, and shows whether what the message names is really used up.
func explain(t *testing.T, call string, err error) {
	t.Helper()
	open, free := descriptors(t), space(t)
	t.Logf("descriptors_open=%d bytes_free=%d", open, free)
	t.Fatalf("%s: %v", call, err)
}

func descriptors(t *testing.T) int {
	t.Helper()
	names, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(names)
}

func space(t *testing.T) uint64 {
	t.Helper()
	var st syscall.Statfs_t
	if err := syscall.Statfs(t.TempDir(), &st); err != nil {
		t.Fatal(err)
	}
	return st.Bavail * uint64(st.Bsize)
}

// TestInstances makes instances until there are no more of them for this user.
func TestInstances(t *testing.T) {
	limit, err := os.ReadFile("/proc/sys/fs/inotify/max_user_instances")
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("limit of this host: max_user_instances=%s", strings.TrimSpace(string(limit)))
	for made := 0; made < 5000; made++ {
		fd, err := syscall.InotifyInit1(syscall.IN_CLOEXEC)
		if err != nil {
			t.Logf("instances=%d", made)
			explain(t, "inotify_init1", err)
		}
		defer syscall.Close(fd)
	}
}
