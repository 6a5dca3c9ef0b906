// Package collect asks what GODEBUG=gcstoptheworld=1 shows. The arms set GODEBUG.
package collect

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
)

type node struct {
	next  *node
	other [6]*node
}

var sink atomic.Pointer[[]byte]

// collectThrice marks a heap of pointers three times while another goroutine allocates.
func collectThrice() {
	var list *node
	for i := 0; i < 400_000; i++ {
		one := &node{next: list}
		if list != nil {
			one.other[i%6] = list.next
		}
		list = one
	}
	var stop atomic.Bool
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		for !stop.Load() {
			piece := make([]byte, 16<<10)
			sink.Store(&piece)
		}
	}()
	for i := 0; i < 3; i++ {
		runtime.GC()
	}
	stop.Store(true)
	<-stopped
	// The last one ends whatever collection the other goroutine began.
	runtime.GC()
	runtime.KeepAlive(list)
	fmt.Println("collected")
}

// TestMain is the child, too: what the runtime prints is its standard error.
func TestMain(m *testing.M) {
	if os.Getenv("COLLECT") != "" {
		collectThrice()
		return
	}
	os.Exit(m.Run())
}

var (
	sizes  = regexp.MustCompile(`(\d+)->(\d+)->\d+ MB`)
	number = regexp.MustCompile(`\d+(\.\d+)?`)
)

// TestCollect prints what kinds of lines such a program prints, and in how many
// collections the heap grew, so the program went on, while it was marked.
func TestCollect(t *testing.T) {
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), "COLLECT=1")
	var stdout, stderr bytes.Buffer
	child.Stdout, child.Stderr = &stdout, &stderr
	if err := child.Run(); err != nil {
		t.Fatal(err)
	}
	t.Logf("stdout: %q", stdout.String())
	collections, grew := 0, 0
	kinds := map[string]bool{}
	for _, line := range strings.Split(strings.TrimSpace(stderr.String()), "\n") {
		if heap := sizes.FindStringSubmatch(line); heap != nil {
			collections++
			if heap[1] != heap[2] {
				grew++
			}
		}
		kinds[number.ReplaceAllString(strings.TrimSuffix(line, " (forced)"), "N")] = true
	}
	for kind := range kinds {
		t.Logf("stderr: %q", kind)
	}
	t.Logf("collections=%d heap_grew_in=%d", collections, grew)
}
