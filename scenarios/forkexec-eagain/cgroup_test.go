package start

import (
	"bufio"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// A child that is started in a cgroup: the one in which we are, so that nothing is made.
func TestCgroup(t *testing.T) {
	folder := ownCgroup(t)
	dir, err := os.Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	cmd := exec.Command("/bin/true")
	cmd.SysProcAttr = &syscall.SysProcAttr{UseCgroupFD: true, CgroupFD: int(dir.Fd())}
	report(t, "in a cgroup", cmd.Run())
	report(t, "plain", exec.Command("/bin/true").Run())
}

// ownCgroup finds our folder below the mount of cgroup2.
func ownCgroup(t *testing.T) string {
	mount, path := "", ""
	each(t, "/proc/self/mounts", func(line string) {
		if fields := strings.Fields(line); len(fields) > 2 && fields[2] == "cgroup2" && mount == "" {
			mount = fields[1]
		}
	})
	each(t, "/proc/self/cgroup", func(line string) {
		if strings.HasPrefix(line, "0::") {
			path = strings.TrimPrefix(line, "0::")
		}
	})
	if mount == "" || path == "" {
		t.Skip("no cgroup2 here")
	}
	return mount + path
}

func each(t *testing.T, name string, do func(line string)) {
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		do(lines.Text())
	}
}
