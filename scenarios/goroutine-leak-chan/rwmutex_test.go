package goroutines

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"runtime"
	"runtime/pprof"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const (
	rlock  = "sync.(*RWMutex).RLock"
	unlock = "sync.(*RWMutex).Unlock"
)

// processor is the time that this process has had of any processor.
func processor() time.Duration {
	var usage syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// burn uses the processor for that long: so many samples of a CPU profile,
// however busy the host is.
func burn(d time.Duration, work func()) {
	for begin := processor(); processor()-begin < d; {
		for i := 0; i < 10000; i++ {
			work()
		}
	}
}

// cpuProfile gives what a CPU profile of this says. Its table of texts has
// the functions that were met, and no others.
func cpuProfile(t *testing.T, of func()) string {
	t.Helper()
	var packed bytes.Buffer
	if err := pprof.StartCPUProfile(&packed); err != nil {
		t.Fatal(err)
	}
	of()
	pprof.StopCPUProfile()
	reader, err := gzip.NewReader(&packed)
	if err != nil {
		t.Fatal(err)
	}
	profile, err := io.ReadAll(reader)
	if err != nil {
		t.Fatal(err)
	}
	return string(profile)
}

// events counts what a profile of blocking has with this function.
func events(profile func([]runtime.BlockProfileRecord) (int, bool), function string) (count int64) {
	records := make([]runtime.BlockProfileRecord, 1000)
	n, _ := profile(records)
	for _, record := range records[:n] {
		if strings.Contains(names(record.Stack()), function+"\n") {
			count += record.Count
		}
	}
	return count
}

// waiting counts goroutines that wait with this function on their stack.
func waiting(function string) (count int) {
	records := make([]runtime.StackRecord, 1000)
	n, _ := runtime.GoroutineProfile(records)
	for _, record := range records[:n] {
		if stack := names(record.Stack()); strings.Contains(stack, function+"\n") && strings.Contains(stack, "runtime.gopark\n") {
			count++
		}
	}
	return count
}

func profileBlocking(t *testing.T) {
	runtime.SetBlockProfileRate(1)
	fraction := runtime.SetMutexProfileFraction(1)
	t.Cleanup(func() {
		runtime.SetBlockProfileRate(0)
		runtime.SetMutexProfileFraction(fraction)
	})
}

func yes(is bool) int {
	if is {
		return 1
	}
	return 0
}

// TestReadersBehindWriter has eight readers wait while a writer works, and
// takes the CPU profile of just that time.
func TestReadersBehindWriter(t *testing.T) {
	profileBlocking(t)
	const readers = 8
	var mu sync.RWMutex
	var done sync.WaitGroup
	mu.Lock()
	for i := 0; i < readers; i++ {
		done.Add(1)
		go func() {
			defer done.Done()
			mu.RLock()
			defer mu.RUnlock()
		}()
	}
	for deadline := time.Now().Add(5 * time.Second); waiting(rlock) < readers && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	t.Logf("readers_waiting=%d", waiting(rlock))
	cpu := cpuProfile(t, func() { burn(200*time.Millisecond, func() {}) })
	mu.Unlock()
	done.Wait()
	t.Logf("block_rlock=%d mutex_rlock=%d mutex_unlock=%d", events(runtime.BlockProfile, rlock),
		events(runtime.MutexProfile, rlock), events(runtime.MutexProfile, unlock))
	t.Logf("cpu_writer=%d cpu_rlock=%d cpu_semawakeup=%d", yes(strings.Contains(cpu, "goroutine-leak-chan.burn")),
		yes(strings.Contains(cpu, rlock)), yes(strings.Contains(cpu, "runtime.semawakeup")))
}

// TestReadersAlone has one reader, and nobody that it could wait for.
func TestReadersAlone(t *testing.T) {
	profileBlocking(t)
	var mu sync.RWMutex
	cpu := cpuProfile(t, func() {
		burn(300*time.Millisecond, func() {
			mu.RLock()
			mu.RUnlock()
		})
	})
	t.Logf("cpu_reader=%d cpu_rlock=%d block_rlock=%d", yes(strings.Contains(cpu, "goroutine-leak-chan.burn")),
		yes(strings.Contains(cpu, rlock)), events(runtime.BlockProfile, rlock))
}

// TestSymbol looks for the runtime's functions in the executable that this is:
// the names of all of them, inlined ones too, are there.
func TestSymbol(t *testing.T) {
	name, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	executable, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	has := func(function string) int {
		return yes(bytes.Contains(executable, []byte("\x00runtime."+function+"\x00")))
	}
	t.Logf("futexwakeup=%d semawakeup=%d", has("futexwakeup"), has("semawakeup"))
}
