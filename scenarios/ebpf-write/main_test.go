package ebpf

import (
	"bufio"
	"fmt"
	"os"
	"testing"
)

// TestMain makes of this test binary its own opponent: with PLAYER set it is a
// program to be watched, which waits for a line before it plays.
func TestMain(m *testing.M) {
	play, is := players[os.Getenv("PLAYER")]
	if !is {
		os.Exit(m.Run())
	}
	bufio.NewReader(os.Stdin).ReadString('\n')
	if err := play(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// players are the programs to be watched, by name.
var players = map[string]func() error{
	"println":  playPrintln,
	"mapped":   playMapped,
	"load":     playLoad,
	"perf":     playPerf,
	"pingpong": playPingPong,
	"writes":   playWrites,
	"seeded":   playSeeded,
	"node":     playNode,
	"secret":   playSecret,
}
