package bloat

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// startWith starts /bin/true with one environment variable of this many bytes
// in all ("BLOAT=" and the final zero included), and says how long it took.
func startWith(t *testing.T, bytes int) (error, time.Duration) {
	t.Helper()
	cmd := exec.Command("/bin/true")
	cmd.Env = append(os.Environ(), "BLOAT="+strings.Repeat("x", bytes-len("BLOAT=")-1))
	begin := time.Now()
	err := cmd.Run()
	return err, time.Since(begin)
}

// maxArgStrlen is MAX_ARG_STRLEN of include/uapi/linux/binfmts.h: 32 pages, for
// one string, whatever room the stack has.
var maxArgStrlen = 32 * os.Getpagesize()

func TestRealE2BIG(t *testing.T) {
	if err, _ := startWith(t, maxArgStrlen); err != nil {
		t.Fatalf("a variable of %d bytes: %v", maxArgStrlen, err)
	}
	t.Logf("a variable of %d bytes: started", maxArgStrlen)
	for _, bytes := range []int{maxArgStrlen + 1, 250000} {
		err, took := startWith(t, bytes)
		if !errors.Is(err, syscall.E2BIG) {
			t.Fatalf("a variable of %d bytes: %v, want E2BIG", bytes, err)
		}
		if took > 5*time.Second {
			t.Fatalf("a variable of %d bytes: blocked for %v", bytes, took)
		}
		t.Logf("a variable of %d bytes: %v", bytes, err)
	}
}

func TestSmallEnvironment(t *testing.T) {
	if err, _ := startWith(t, 100); err != nil {
		t.Fatalf("a variable of 100 bytes: %v", err)
	}
}
