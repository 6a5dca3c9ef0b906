package zerocopy

import (
	"testing"
	"time"

	"example.com/zero-copy-shm/shm"
)

func open(t *testing.T) shm.Shared {
	t.Helper()
	shared, err := shm.Open()
	if err != nil {
		t.Fatal(err)
	}
	return shared
}

// TestShared passes decisions from Go to C.
func TestShared(t *testing.T) {
	shared := open(t)
	const decisions = 1000
	right := 0
	for i := 0; i < decisions; i++ {
		d := shm.Decision{Type: uint8(i % 3), X: int16(i), Y: int16(-i), Time: int64(i)}
		shared.Write(d)
		kind, x, y, at := shared.Found()
		if kind == d.Type && x == d.X && y == d.Y && at == uint32(d.Time) {
			right++
		}
	}
	t.Logf("size=%d decisions=%d right=%d", shm.Size, decisions, right)
}

// TestClock writes two decisions, the second a second later, at the worst
// moment: the time stamp has 32 bits of nanoseconds, 4.29 s.
func TestClock(t *testing.T) {
	shared := open(t)
	const wrap = 1 << 32
	first := time.Now().UnixNano()/wrap*wrap + wrap - 1e8
	shared.Write(shm.Decision{Time: first})
	_, _, _, earlier := shared.Found()
	shared.Write(shm.Decision{Time: first + 1e9})
	_, _, _, later := shared.Found()
	backwards := 0
	if later < earlier {
		backwards = 1
	}
	t.Logf("a second later the time stamp is %d, after %d", later, earlier)
	t.Logf("backwards=%d", backwards)
}

// TestTorn has C read while Go writes decisions whose halves belong together.
func TestTorn(t *testing.T) {
	shared := open(t)
	if !shared.StartReading() {
		t.Fatal("no thread")
	}
	writes := 0
	for begin := time.Now(); shm.Torn() == 0 && time.Since(begin) < 5*time.Second; {
		for i := 0; i < 10000; i++ {
			writes++
			shared.Write(shm.Decision{Type: 1, X: int16(writes), Y: int16(writes)})
		}
	}
	reads := shm.StopReading()
	t.Logf("writes=%d reads=%d torn=%d", writes, reads, shm.Torn())
}
