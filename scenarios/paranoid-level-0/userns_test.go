package perf

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// TestPrintsTable prints the table alone, and what this process may do.
func TestPrintsTable(t *testing.T) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(string(status), "\n") {
		if strings.HasPrefix(line, "CapEff:") {
			fmt.Printf("uid=%d capabilities %s\n", os.Getuid(), strings.TrimSpace(line[len("CapEff:"):]))
		}
	}
	for _, line := range lines() {
		fmt.Println("| " + line)
	}
}

// tableOf runs TestPrintsTable in a process with these attributes.
func tableOf(t *testing.T, how *syscall.SysProcAttr) (rows []string) {
	t.Helper()
	command := exec.Command(os.Args[0], "-test.run=^TestPrintsTable$")
	command.SysProcAttr = how
	output, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	for _, line := range strings.Split(string(output), "\n") {
		if strings.HasPrefix(line, "| ") {
			rows = append(rows, line)
		} else if strings.HasPrefix(line, "uid=") {
			fmt.Println(line)
		}
	}
	return rows
}

// TestUserNamespace compares the table of a plain process with that of root in
// a user namespace of its own.
func TestUserNamespace(t *testing.T) {
	fmt.Printf("level=%s\n", level(t))
	outside := tableOf(t, nil)
	inside := tableOf(t, &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	})
	if len(outside) != len(inside) || len(inside) == 0 {
		t.Fatalf("%d rows outside, %d inside", len(outside), len(inside))
	}
	lifted := 0
	for i := range outside {
		if outside[i] != inside[i] {
			fmt.Printf("outside %s; inside %s\n", outside[i], inside[i])
			if strings.HasSuffix(inside[i], ": opened") {
				lifted++
			}
		}
	}
	fmt.Printf("rows=%d refused_inside=%d lifted=%d\n", len(inside),
		ending(inside, "EACCES")+ending(inside, "EPERM"), lifted)
}
