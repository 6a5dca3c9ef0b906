package ebpf

import (
	"fmt"
	"os"
	"sort"
	"strings"
	"syscall"
	"testing"

	"example.com/ebpf-write/bpf"
)

// playNode plays on a host of its own: in a UTS namespace, under a name that it
// reads back.
func playNode() error {
	if err := syscall.Sethostname([]byte(os.Getenv("NODE"))); err != nil {
		return err
	}
	name, err := os.Hostname()
	if err != nil {
		return err
	}
	for _, move := range moves {
		fmt.Printf("%s:%s\n", name, move)
	}
	return nil
}

// TestNodes has three players on hosts of their own, each with a ring, and one
// who puts together what is in the rings.
func TestNodes(t *testing.T) {
	type seen struct {
		time uint64
		node string
		move string
	}
	nodes := []string{"blue-01", "blue-02", "red-01"}
	rings := map[string]*bpf.Ring{}
	var players []*player
	for _, node := range nodes {
		ring := newRing(t, ringSize)
		p := newPlayer("node", "NODE="+node)
		p.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUTS | syscall.CLONE_NEWNET}
		p.start(t)
		attach(t, "syscalls/sys_enter_write", callProgram(ring, p.Process.Pid, 1, byCount))
		rings[node], players = ring, append(players, p)
	}
	for _, p := range players {
		fmt.Fprintln(p.stdin)
	}
	for _, p := range players {
		if err := p.Wait(); err != nil {
			t.Fatalf("a player: %v: %s", err, p.stderr.String())
		}
	}
	var picture []seen
	for node, ring := range rings {
		for _, e := range events(t, ring) {
			if name, move, is := strings.Cut(e.text(), ":"); is {
				if name != node {
					t.Errorf("the ring of %s has a move of %s", node, name)
				}
				picture = append(picture, seen{e.Time, name, strings.TrimSpace(move)})
			}
		}
	}
	sort.Slice(picture, func(a, b int) bool { return picture[a].time < picture[b].time })
	inOrder := map[string]int{}
	for _, s := range picture {
		if at := inOrder[s.node]; at < len(moves) && moves[at] == s.move {
			inOrder[s.node]++
		}
	}
	right := 0
	for _, node := range nodes {
		right += inOrder[node]
		t.Logf("%s: %d of %d moves, in order", node, inOrder[node], len(moves))
	}
	t.Logf("nodes=%d moves=%d right=%d", len(nodes), len(nodes)*len(moves), right)
}

// TestBurst fills a ring of the document's 8 MiB while nobody reads.
func TestBurst(t *testing.T) {
	const size, writes = 8 << 20, 250_000
	fd, err := sink()
	if err != nil {
		t.Fatal(err)
	}
	ring, lost := newRing(t, size), newCounters(t, 1)
	_, detach := attachRaw(t, "sys_enter", moveProgram(bpf.RawTracepoint, ring, lost, hostPid(t)))
	throw(fd, writes)
	detach()
	seen := ring.Read(func([]byte) {})
	t.Logf("writes=%d kept=%d lost=%d", writes, seen, lost.Get(0))
}
