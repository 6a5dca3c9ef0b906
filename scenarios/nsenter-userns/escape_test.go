// Package escape makes a user namespace, is root there, and tries to enter the
// namespaces outside.
package escape

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// namespace is the mount namespace of this process: `mnt:[4026531841]`.
func namespace(t *testing.T) string {
	t.Helper()
	name, err := os.Readlink("/proc/self/ns/mnt")
	if err != nil {
		t.Fatal(err)
	}
	return name
}

// inside runs a shell's command in new namespaces, the user's among them if so
// wished; descriptor 3 is our mount namespace. Gives what it printed.
func inside(t *testing.T, newUser bool, command string) string {
	t.Helper()
	args := []string{"--mount", "--pid", "--fork"}
	if newUser {
		args = append([]string{"--user", "--map-root-user"}, args...)
	}
	file, err := os.Open("/proc/self/ns/mnt")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	run := exec.Command("unshare", append(args, "sh", "-c", "echo uid=$(id -u) in $(readlink /proc/self/ns/mnt); "+command)...)
	run.ExtraFiles = []*os.File{file}
	run.Env = append(os.Environ(), "LC_ALL=C")
	output, _ := run.CombinedOutput() // refused, it ends with an error
	return strings.TrimSpace(string(output))
}

// ways are the ways out: into init's namespaces, as the document has it; into those of a process
// that is ours; and by a descriptor that was open before.
func ways() map[string]string {
	const where = " readlink /proc/self/ns/mnt"
	return map[string]string{
		"init":       "nsenter -t 1 -m -u -i -n -p" + where,
		"own":        fmt.Sprintf("nsenter -t %d -m", os.Getpid()) + where,
		"descriptor": "nsenter --mount=/proc/self/fd/3" + where,
	}
}

// try goes all ways, and counts those that lead out.
func try(t *testing.T, newUser bool, names ...string) {
	outside := namespace(t)
	fmt.Printf("uid=%d in %s\n", os.Getuid(), outside)
	entered, refused, roots := 0, 0, 0
	for _, name := range names {
		lines := strings.Split(inside(t, newUser, ways()[name]), "\n")
		last := lines[len(lines)-1]
		fmt.Printf("%s: %s: %s\n", name, lines[0], last)
		if strings.HasPrefix(lines[0], "uid=0 in mnt:") && !strings.HasSuffix(lines[0], outside) {
			roots++
		}
		switch {
		case last == outside:
			entered++
		case strings.HasSuffix(last, "Permission denied") || strings.HasSuffix(last, "Operation not permitted"):
			refused++
		}
	}
	fmt.Printf("tried=%d root_inside=%d entered=%d refused=%d\n", len(names), roots, entered, refused)
}

func TestUserNamespace(t *testing.T) {
	try(t, true, "init", "own", "descriptor")
}

// TestPlain is the same without a user namespace, which takes a privilege to
// begin with.
func TestPlain(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("takes root")
	}
	try(t, false, "own", "descriptor")
}
