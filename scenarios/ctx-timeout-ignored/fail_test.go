package timeout

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

func TestMissingProgram(t *testing.T) {
	err := exec.Command("/nonexistent/program").Run()
	t.Logf("err=%v not_exist=%t", err, errors.Is(err, fs.ErrNotExist))
}

func TestTrue(t *testing.T) {
	err := exec.Command("/bin/true").Run()
	t.Logf("err=%v is_e2big=%t", err, errors.Is(err, syscall.E2BIG))
}

// TestBloatedEnvironment has one variable of 250,000 bytes.
func TestBloatedEnvironment(t *testing.T) {
	cmd := exec.Command("/bin/true")
	cmd.Env = append(os.Environ(), "GO_ENV_CONFIG="+strings.Repeat("X", 250_000))
	err := cmd.Run()
	t.Logf("err=%v is_e2big=%t", err, errors.Is(err, syscall.E2BIG))
}
