package bloat

import (
	"fmt"
	"os/exec"
	"sort"
	"strings"
	"syscall"
	"testing"
)

// starts says whether /bin/true starts with exactly this environment.
func starts(t *testing.T, env []string) bool {
	t.Helper()
	cmd := exec.Command("/bin/true")
	cmd.Env = env
	switch err := cmd.Run(); {
	case err == nil:
		return true
	case strings.Contains(err.Error(), syscall.E2BIG.Error()):
		return false
	default:
		t.Fatal(err)
		return false
	}
}

// largest returns the largest n below limit for which works(n) holds.
func largest(limit int, works func(int) bool) int {
	return sort.Search(limit, func(n int) bool { return !works(n) }) - 1
}

// TestLimitOfOneVariable searches the size of one variable, its name and the
// final zero included, from which on execve fails.
func TestLimitOfOneVariable(t *testing.T) {
	const name = "GO_ENV_CONFIG="
	limit := largest(4<<20, func(n int) bool {
		return n <= len(name) || starts(t, []string{name + strings.Repeat("X", n-len(name)-1)})
	})
	t.Logf("one_variable=%d", limit)
}

// TestLimitOfAll searches the size of all that execve copies, from which on it
// fails: strings with their final zeros (the path, the argument, the variables)
// and a pointer to each argument and variable. Variables have up to 4096 bytes.
func TestLimitOfAll(t *testing.T) {
	const piece, pointer = 4096, 8
	const own = 2*len("/bin/true\x00") + pointer // the path and argv[0]
	environment := func(n int) []string {
		var env []string
		for i := 0; n > pointer+len("V0000=\x00"); i++ {
			size := piece
			if n-pointer-size < 64 { // no remainder that is too short for a variable
				size = n - pointer
			}
			name := fmt.Sprintf("V%04d=", i)
			env = append(env, name+strings.Repeat("X", size-len(name)-1))
			n -= size + pointer
		}
		return env
	}
	limit := largest(16<<20, func(n int) bool {
		return n <= own+128 || starts(t, environment(n-own))
	})
	var stack syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_STACK, &stack); err != nil {
		t.Fatal(err)
	}
	t.Logf("all=%d quarter_of_stack=%d", limit, stack.Cur/4)
}
