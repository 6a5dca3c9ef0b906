// Package lookpath asks whether a file can be executed, and executes it.
package lookpath

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"unsafe"
)

// script makes an executable with these permissions.
func script(t *testing.T, mode os.FileMode) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "tool")
	if err := os.WriteFile(name, []byte("#!/bin/sh\necho 123\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	// Without the umask.
	if err := os.Chmod(name, mode); err != nil {
		t.Fatal(err)
	}
	return name
}

// ask compares what LookPath says of a file with what comes of executing it.
func ask(name string) error {
	_, said := exec.LookPath(name)
	// Not by exec.Command, which would ask LookPath.
	started := (&exec.Cmd{Path: name, Args: []string{name}}).Run()
	fmt.Printf("LookPath: %v; execve: %v\n", said, started)
	if (said == nil) != (started == nil) {
		return errors.New("LookPath and execve disagree")
	}
	return nil
}

func TestLookPath(t *testing.T) {
	if err := ask(script(t, 0o755)); err != nil {
		t.Error(err)
	}
	if err := ask(script(t, 0o644)); err != nil {
		t.Error(err)
	}
}

// TestNamed starts a program by its name, as most do.
func TestNamed(t *testing.T) {
	name := script(t, 0o755)
	t.Setenv("PATH", filepath.Dir(name))
	out, err := exec.Command("tool").Output()
	t.Logf("out=%q err=%v", out, err)
	if err != nil || string(out) != "123\n" {
		t.Errorf("the output is %q, the error %v", out, err)
	}
}

// TestCapable asks as somebody who is not root, owns none of the files, and has CAP_DAC_OVERRIDE.
func TestCapable(t *testing.T) {
	files := map[os.FileMode]string{0o700: script(t, 0o700), 0o644: script(t, 0o644)}
	problems := make(chan error)
	go func() {
		// Only this thread gives up its privileges; it ends with the goroutine, for it is never unlocked.
		runtime.LockOSThread()
		defer close(problems)
		if err := giveUp(); err != nil {
			problems <- err
			return
		}
		fmt.Printf("euid=%d\n", os.Geteuid())
		for mode, name := range files {
			if err := ask(name); err != nil {
				problems <- fmt.Errorf("mode %#o: %w", mode, err)
			}
		}
	}()
	for problem := range problems {
		t.Error(problem)
	}
}

// giveUp makes this thread one of nobody's with CAP_DAC_OVERRIDE, which what it starts has, too.
func giveUp() error {
	const (
		nobody         = 65534
		prSetKeepcaps  = 8
		prCapAmbient   = 47
		ambientRaise   = 2
		capDacOverride = 1
		capVersion3    = 0x20080522
	)
	header := struct {
		version uint32
		pid     int32
	}{version: capVersion3}
	// Effective, permitted and inheritable, twice 32 of them.
	data := [6]uint32{1 << capDacOverride, 1 << capDacOverride, 1 << capDacOverride}
	for _, call := range [][4]uintptr{
		{syscall.SYS_PRCTL, prSetKeepcaps, 1, 0},
		{syscall.SYS_SETGROUPS, 0, 0, 0},
		{syscall.SYS_SETRESGID, nobody, nobody, nobody},
		{syscall.SYS_SETRESUID, nobody, nobody, nobody},
		{syscall.SYS_CAPSET, uintptr(unsafe.Pointer(&header)), uintptr(unsafe.Pointer(&data)), 0},
		{syscall.SYS_PRCTL, prCapAmbient, ambientRaise, capDacOverride},
	} {
		if _, _, errno := syscall.RawSyscall6(call[0], call[1], call[2], call[3], 0, 0, 0); errno != 0 {
			return fmt.Errorf("call %d: %w", call[0], errno)
		}
	}
	return nil
}
