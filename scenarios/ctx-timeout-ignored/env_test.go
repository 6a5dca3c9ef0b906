package timeout

import (
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
)

// TestMain is the child of the tests below, too: a Go program whose
// runtime prints what GODEBUG tells it to.
func TestMain(m *testing.M) {
	if os.Getenv("CHILD") == "" {
		os.Exit(m.Run())
	}
	runtime.GC()
}

// obeys says which of two switches a Go child obeys: inittrace=1 prints a line
// for each package with an init function, gctrace=1 one for each collection.
func obeys(t *testing.T, err error, stderr string) {
	t.Helper()
	inits, gcs := 0, 0
	for _, line := range strings.Split(stderr, "\n") {
		switch {
		case strings.HasPrefix(line, "init "):
			inits++
		case strings.HasPrefix(line, "gc "):
			gcs++
		}
	}
	t.Logf("inittrace_lines=%d gctrace_lines=%d err=%v", inits, gcs, err)
}

func runChild(t *testing.T, env []string) {
	t.Helper()
	var stderr strings.Builder
	cmd := exec.Command(os.Args[0])
	cmd.Env = env
	cmd.Stderr = &stderr
	err := cmd.Run()
	obeys(t, err, stderr.String())
}

// printEnv says which of the parent's variables reach a child.
func printEnv(t *testing.T, env []string) {
	t.Helper()
	cmd := exec.Command("env", "-0")
	cmd.Env = env
	out, err := cmd.Output()
	lines := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
	child, godebug := map[string]bool{}, "none"
	for _, line := range lines {
		if line != "" {
			child[line] = true
		}
		if value, is := strings.CutPrefix(line, "GODEBUG="); is {
			godebug = value
		}
	}
	missing := 0
	for _, variable := range os.Environ() {
		if !child[variable] {
			missing++
		}
	}
	t.Logf("GODEBUG of the child: %s; child_variables=%d, missing in the child: %d (err %v)", godebug, len(child), missing, err)
}

func TestEnvOfChild(t *testing.T) {
	t.Setenv("CHILD", "1")
	printEnv(t, nil)
	runChild(t, nil)
}

func TestEmptyEnvOfChild(t *testing.T) {
	printEnv(t, []string{})
	runChild(t, []string{"CHILD=1"})
}

func TestTwoEntries(t *testing.T) {
	env := append(os.Environ(), "CHILD=1", "GODEBUG=gctrace=1")
	printEnv(t, env)
	runChild(t, env)
}

func TestOneEntryWithBoth(t *testing.T) {
	env := append(os.Environ(), "CHILD=1", "GODEBUG=inittrace=1,gctrace=1")
	printEnv(t, env)
	runChild(t, env)
}

// TestTwoEntriesUnchanged hands both entries to the child: os.StartProcess does
// not remove the first, as os/exec does.
func TestTwoEntriesUnchanged(t *testing.T) {
	stderr, err := os.CreateTemp(t.TempDir(), "stderr")
	if err != nil {
		t.Fatal(err)
	}
	defer stderr.Close()
	process, err := os.StartProcess(os.Args[0], os.Args[:1], &os.ProcAttr{
		Env:   append(os.Environ(), "CHILD=1", "GODEBUG=gctrace=1"),
		Files: []*os.File{nil, nil, stderr},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err = process.Wait(); err != nil {
		t.Fatal(err)
	}
	printed, err := os.ReadFile(stderr.Name())
	obeys(t, err, string(printed))
}
