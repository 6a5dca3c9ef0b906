package ebpf

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// moves are played in this order: a short one after a long one, too.
var moves = []string{"scissors", "rock", "paper", "scissors", "rock", "paper"}

// playPrintln prints its moves, and says on standard error how many calls failed.
func playPrintln() error {
	failed := 0
	for _, move := range moves {
		if _, err := fmt.Println(move); err != nil {
			failed++
		}
	}
	if failed > 0 {
		return fmt.Errorf("println_failed=%d", failed)
	}
	return nil
}

// playMapped prints a move right out of a file that is mapped, and of which no
// byte was looked at before.
func playMapped() error {
	file, err := os.Open(os.Getenv("MOVES"))
	if err != nil {
		return err
	}
	mapped, err := syscall.Mmap(int(file.Fd()), 0, len("rock\n"), syscall.PROT_READ, syscall.MAP_PRIVATE)
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(mapped)
	return err
}

// TestPrintln: as many bytes as the call says, on both tracepoints.
func TestPrintln(t *testing.T) {
	ring := newRing(t, ringSize)
	p := startPlayer(t, "println")
	attach(t, "syscalls/sys_enter_write", callProgram(ring, p.Process.Pid, 1, byCount))
	attach(t, "syscalls/sys_exit_write", callProgram(ring, p.Process.Pid, 1, notAtAll))
	if err := p.play(); err != nil {
		t.Fatalf("the player: %v", err)
	}
	var seen []string
	exits := 0
	for _, e := range events(t, ring) {
		switch {
		case e.Exit == 0:
			seen = append(seen, e.text())
		// The runtime writes, too: 8 bytes to an eventfd, one to a pipe.
		case e.Number == int64(len("rock\n")) || e.Number == int64(len("paper\n")) || e.Number == int64(len("scissors\n")):
			exits++
		}
	}
	played := 0
	for _, text := range seen {
		if played < len(moves) && text == moves[played]+"\n" {
			played++
		}
	}
	t.Logf("seen at sys_enter_write: %q", seen)
	t.Logf("moves=%d in_order=%d exits=%d", len(moves), played, exits)
	if got := p.stdout.String(); got != strings.Join(moves, "\n")+"\n" {
		t.Fatalf("the player printed %q", got)
	}
}

// TestCString: 32 bytes up to a zero, as bpf_probe_read_user_str reads them.
func TestCString(t *testing.T) {
	ring := newRing(t, ringSize)
	p := startPlayer(t, "println")
	attach(t, "syscalls/sys_enter_write", callProgram(ring, p.Process.Pid, 1, asCString))
	if err := p.play(); err != nil {
		t.Fatalf("the player: %v", err)
	}
	exact, more := 0, 0
	for _, e := range events(t, ring) {
		for _, move := range []string{"rock\n", "paper\n", "scissors\n"} {
			switch text := e.text(); {
			case text == move:
				exact++
			case strings.HasPrefix(text, move):
				more++
				t.Logf("read as a C string: %q where %q was written", text, move)
			}
		}
	}
	t.Logf("moves=%d exact=%d with_leftovers=%d", len(moves), exact, more)
}

// TestMapped: BPF programs at tracepoints cannot wait for a page, so what is
// not yet in memory for this process cannot be read.
func TestMapped(t *testing.T) {
	file := filepath.Join(t.TempDir(), "moves")
	if err := os.WriteFile(file, []byte("rock\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	ring := newRing(t, ringSize)
	p := startPlayer(t, "mapped", "MOVES="+file)
	attach(t, "syscalls/sys_enter_write", callProgram(ring, p.Process.Pid, 1, byCount))
	if err := p.play(); err != nil {
		t.Fatalf("the player: %v", err)
	}
	read, unread := 0, 0
	for _, e := range events(t, ring) {
		switch {
		case e.text() == "rock\n":
			read++
		case e.Read < 0:
			unread++
			t.Logf("a write of %d bytes, whose text cannot be read: %v", e.Number, syscall.Errno(-e.Read))
		}
	}
	t.Logf("printed=%q read=%d unread=%d", p.stdout.String(), read, unread)
}

// TestDenied: the player's writes are answered by somebody else.
func TestDenied(t *testing.T) {
	ring := newRing(t, ringSize)
	p := startPlayer(t, "println")
	attach(t, "syscalls/sys_enter_write", callProgram(ring, p.Process.Pid, 1, byCount))
	attach(t, "syscalls/sys_exit_write", callProgram(ring, p.Process.Pid, 1, notAtAll))
	err := p.play()
	entered, failed := 0, 0
	for _, e := range events(t, ring) {
		switch {
		case e.Exit == 0 && strings.HasPrefix(e.text(), "println_failed"):
			// Standard error is not answered by anybody.
			t.Log("seen: its report on standard error")
		case e.Exit == 0 && strings.HasSuffix(e.text(), "\n"):
			entered++
		case e.Exit == 1 && e.Number == -int64(syscall.ENOSPC):
			failed++
		}
	}
	t.Logf("the player: %v, %s", err, strings.TrimSpace(p.stderr.String()))
	t.Logf("printed=%q entered=%d failed_exits=%d", p.stdout.String(), entered, failed)
}
