// Package tool asks what `go tool pprof` reads of a program's /debug/pprof.
package tool

import (
	"net/http"
	"net/http/httptest"
	_ "net/http/pprof"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// top runs `go tool pprof -top` on one of our own pages and says how it ended.
func top(t *testing.T, page string, flags ...string) {
	t.Helper()
	server := httptest.NewServer(http.DefaultServeMux)
	defer server.Close()
	args := append([]string{"tool", "pprof", "-top"}, flags...)
	cmd := exec.Command("go", append(args, server.URL+page)...)
	cmd.Env = append(os.Environ(), "PPROF_TMPDIR="+t.TempDir())
	out, err := cmd.CombinedOutput()
	for _, line := range strings.Split(strings.TrimSpace(string(out)), "\n") {
		t.Logf("pprof: %s", strings.ReplaceAll(line, server.URL, "http://localhost"))
	}
	read := 0
	if err == nil {
		read = 1
	}
	t.Logf("read=%d err=%v", read, err)
}

func TestHeap(t *testing.T)           { top(t, "/debug/pprof/heap") }
func TestTrace(t *testing.T)          { top(t, "/debug/pprof/trace", "-seconds=1") }
func TestGoroutine(t *testing.T)      { top(t, "/debug/pprof/goroutine") }
func TestGoroutineDump2(t *testing.T) { top(t, "/debug/pprof/goroutine?debug=2") }
