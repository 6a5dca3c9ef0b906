package ebpf

import (
	crand "crypto/rand"
	"encoding/binary"
	"fmt"
	"math/rand"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"example.com/ebpf-write/bpf"
)

// hands by their numbers.
var hands = []string{"rock", "paper", "scissors"}

// game is how many moves a player makes.
const game = 100

// playSeeded plays what a generator makes that is seeded from time.
func playSeeded() error {
	source := rand.New(rand.NewSource(time.Now().UnixMilli()))
	for i := 0; i < game; i++ {
		fmt.Println(hands[source.Intn(3)])
	}
	return nil
}

// playSecret plays what nobody can know.
func playSecret() error {
	var secret [8]byte
	if _, err := crand.Read(secret[:]); err != nil {
		return err
	}
	source := rand.New(rand.NewSource(int64(binary.LittleEndian.Uint64(secret[:]))))
	for i := 0; i < game; i++ {
		fmt.Println(hands[source.Intn(3)])
	}
	return nil
}

// monotonic is the clock that bpf_ktime_get_ns reads.
func monotonic() int64 {
	var now syscall.Timespec
	const clockMonotonic = 1
	syscall.Syscall(syscall.SYS_CLOCK_GETTIME, clockMonotonic, uintptr(unsafe.Pointer(&now)), 0)
	return now.Nano()
}

// watchGame plays a game and gives its moves as seen by the kernel, with the
// time of day of the first.
func watchGame(t *testing.T, name string) (seen []string, first int64) {
	ring := newRing(t, ringSize)
	p := startPlayer(t, name)
	id, err := bpf.TracepointID("syscalls/sys_enter_write")
	if err != nil {
		t.Fatal(err)
	}
	event, err := bpf.AttachTracepoint(id, loaded(t, bpf.Tracepoint, callProgram(ring, p.Process.Pid, 1, byCount)))
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(event)
	if err := p.play(); err != nil {
		t.Fatalf("the player: %v: %s", err, p.stderr.String())
	}
	toRealtime := time.Now().UnixNano() - monotonic()
	for _, e := range events(t, ring) {
		if move, is := strings.CutSuffix(e.text(), "\n"); is {
			if len(seen) == 0 {
				first = int64(e.Time) + toRealtime
			}
			seen = append(seen, move)
		}
	}
	if len(seen) != game {
		t.Fatalf("%d moves seen, want %d", len(seen), game)
	}
	return seen, first
}

// testGuess looks for the seed of a game among the milliseconds before its first
// move was seen: the one that makes the first moves. Then it predicts the others.
func testGuess(t *testing.T, name string) {
	const known, tries = 40, 5000
	seen, first := watchGame(t, name)
	generator := rand.New(rand.NewSource(0))
	for try := int64(0); try < tries; try++ {
		before := try - 2 // clocks are not read at the same moment
		generator.Seed(first/1e6 - before)
		agree := 0
		for agree < known && hands[generator.Intn(3)] == seen[agree] {
			agree++
		}
		if agree < known {
			continue
		}
		right := 0
		for _, move := range seen[known:] {
			if hands[generator.Intn(3)] == move {
				right++
			}
		}
		t.Logf("seeded %d ms before its first move was seen", before)
		t.Logf("found=1 predicted=%d of=%d", right, game-known)
		return
	}
	t.Logf("found=0 tries=%d", tries)
}

func TestSeededFromTime(t *testing.T) { testGuess(t, "seeded") }
func TestSeededSecretly(t *testing.T) { testGuess(t, "secret") }

// choice is what mixProgram sends.
type choice struct {
	Time, CPU, Choice uint64
}

// mixProgram makes the document's choices, at every getppid of a process: the
// lowest two bits of time ^ CPU ^ the hash of the last choices (which nothing
// in the document ever changes, so that it is left out).
func mixProgram(ring *bpf.Ring, tgid int) *bpf.Asm {
	const frame, sysGetppid = -24, 110
	var a bpf.Asm
	a.Ldx64(bpf.R1, bpf.R1, 8).JneImm(bpf.R1, sysGetppid, "out")
	a.Call(bpf.GetCurrentPidTgid).RshImm(bpf.R0, 32).JneImm(bpf.R0, int32(tgid), "out")
	a.Call(bpf.KtimeGetNs).Mov(bpf.R6, bpf.R0).Stx64(bpf.FP, frame, bpf.R0)
	a.Call(bpf.GetSmpProcessorID).Stx64(bpf.FP, frame+8, bpf.R0)
	a.Xor(bpf.R6, bpf.R0).AndImm(bpf.R6, 3).Stx64(bpf.FP, frame+16, bpf.R6)
	a.LoadMap(bpf.R1, ring.Map).Mov(bpf.R2, bpf.FP).AddImm(bpf.R2, frame).MovImm(bpf.R3, -frame).MovImm(bpf.R4, 0)
	a.Call(bpf.RingbufOutput)
	return a.Label("out").MovImm(bpf.R0, 0).Exit()
}

// choices reads them.
func choices(ring *bpf.Ring) (all []choice) {
	ring.Read(func(record []byte) {
		le := binary.LittleEndian
		all = append(all, choice{le.Uint64(record), le.Uint64(record[8:]), le.Uint64(record[16:])})
	})
	return all
}

// TestMix looks at the bias of such choices, and has another program at the same
// hook guess them: by its own clock, less what was the most usual difference so far.
func TestMix(t *testing.T) {
	const rounds, calls = 10, 4000
	mixed, observed := newRing(t, 1<<18), newRing(t, 1<<18)
	pid := hostPid(t)
	_, detach := attachRaw(t, "sys_enter", mixProgram(mixed, pid))
	defer detach()
	_, detach = attachRaw(t, "sys_enter", mixProgram(observed, pid))
	defer detach()
	var counts [4]int
	total, most, best := 0, 0, 0
	for round := 0; round < rounds; round++ {
		for i := 0; i < calls; i++ {
			syscall.Getppid()
		}
		made, seen := choices(mixed), choices(observed)
		if len(made) != calls || len(seen) != calls {
			t.Fatalf("%d choices made and %d seen, want %d", len(made), len(seen), calls)
		}
		apart := map[uint64]int{}
		usual, right := uint64(0), 0
		for i, c := range made {
			counts[c.Choice]++
			if i >= calls/2 && (seen[i].Time-usual^seen[i].CPU)&3 == c.Choice {
				right++
			}
			difference := seen[i].Time - c.Time
			if apart[difference]++; apart[difference] > apart[usual] {
				usual = difference
			}
		}
		total += len(made)
		if share := 1000 * right / (calls / 2); share > best {
			best = share
		}
	}
	for _, count := range counts {
		if count > most {
			most = count
		}
	}
	t.Logf("choices=%d of each: %v, most_per_mille=%d (of 250)", total, counts, 1000*most/total)
	t.Logf("guessed_per_mille=%d in the best of %d rounds (of 250)", best, rounds)
}
