// Package timeout asks when exec.CommandContext keeps its promise: that the
// child is killed when the context ends.
package timeout

import (
	"bytes"
	"context"
	"os/exec"
	"testing"
	"time"
)

const (
	limit = 100 * time.Millisecond
	child = "0.8" // the child sleeps for so many seconds
)

// run says how long it took to start the command and to wait for its end.
func run(t *testing.T, prepare func(*exec.Cmd), name string, args ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	if prepare != nil {
		prepare(cmd)
	}
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		t.Logf("start: %v", err)
	}
	started := time.Since(begin)
	err := cmd.Wait()
	took := time.Since(begin)
	t.Logf("start_ms=%d took_ms=%d err=%v", started.Milliseconds(), took.Milliseconds(), err)
}

// withPipe makes os/exec read the child's output by a pipe.
func withPipe(cmd *exec.Cmd) { cmd.Stdout = new(bytes.Buffer) }

func TestPlainChild(t *testing.T) { run(t, nil, "sleep", child) }

// The shell is killed; the sleep that it started keeps the pipe open.
func TestGrandchildHoldsPipe(t *testing.T) { run(t, withPipe, "sh", "-c", "sleep "+child+"; true") }

func TestWaitDelay(t *testing.T) {
	delay := func(cmd *exec.Cmd) {
		withPipe(cmd)
		cmd.WaitDelay = 50 * time.Millisecond
	}
	run(t, delay, "sh", "-c", "sleep "+child+"; true")
}

func TestNoTimeout(t *testing.T) {
	begin := time.Now()
	err := exec.Command("sleep", child).Run()
	t.Logf("took_ms=%d err=%v", time.Since(begin).Milliseconds(), err)
}
