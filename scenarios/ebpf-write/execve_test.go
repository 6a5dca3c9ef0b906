package ebpf

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"example.com/ebpf-write/bpf"
)

// TestExecve starts a program that is there and one that is not, by unlikely
// names, and compares with what the tracepoints of execve saw.
func TestExecve(t *testing.T) {
	folder := t.TempDir()
	paper, none := filepath.Join(folder, "paper"), filepath.Join(folder, "none")
	if err := os.Symlink("/bin/true", paper); err != nil {
		t.Fatal(err)
	}
	rings := map[how]*bpf.Ring{}
	for _, read := range []how{wholeString, secondWord, firstOfEnv, notAtAll} {
		rings[read] = newRing(t, ringSize)
	}
	// The filename is the first argument, argv the second, envp the third. Any
	// process: the one that calls execve is new.
	attach(t, "syscalls/sys_enter_execve", callProgram(rings[wholeString], 0, 0, wholeString))
	attach(t, "syscalls/sys_enter_execve", callProgram(rings[secondWord], 0, 1, secondWord))
	attach(t, "syscalls/sys_enter_execve", callProgram(rings[firstOfEnv], 0, 2, firstOfEnv))
	attach(t, "syscalls/sys_exit_execve", callProgram(rings[notAtAll], 0, 0, notAtAll))

	start := func(path string) error {
		cmd := exec.Command(path, "an-argument-of-paper")
		cmd.Env = []string{"MOVE=paper"}
		return cmd.Run()
	}
	errPaper, errNone := start(paper), start(none)
	t.Logf("started paper: %v; none: %v", errPaper, errNone)

	results := map[uint32]int64{}
	for _, e := range events(t, rings[notAtAll]) {
		results[e.Tgid] = e.Number
	}
	filenames, argv, envp, uids := 0, 0, 0, 0
	processes := map[uint32]bool{}
	for _, e := range events(t, rings[wholeString]) {
		if text := e.text(); text == paper || text == none {
			filenames++
			processes[e.Tgid] = true
			t.Logf("execve(%q) by uid %d gave %d", filepath.Base(text), e.UID, results[e.Tgid])
			if e.UID == uint64(os.Getuid()) {
				uids++
			}
			want := int64(0)
			if text == none {
				want = -int64(syscall.ENOENT)
			}
			if results[e.Tgid] != want {
				t.Errorf("sys_exit_execve says %d, want %d", results[e.Tgid], want)
			}
		}
	}
	for _, e := range events(t, rings[secondWord]) {
		if processes[e.Tgid] && e.text() == "an-argument-of-paper" {
			argv++
		}
	}
	for _, e := range events(t, rings[firstOfEnv]) {
		if processes[e.Tgid] && e.text() == "MOVE=paper" {
			envp++
		}
	}
	t.Logf("filenames=%d argv=%d envp=%d uids=%d", filenames, argv, envp, uids)
}
