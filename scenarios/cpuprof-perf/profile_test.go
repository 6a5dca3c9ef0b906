// Package profile takes a CPU profile of work and counts what is in it.
package profile

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"runtime/pprof"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// work computes until this process has spent so much processor time (a busy host
// has no influence on that), in several goroutines that share what a mutex
// guards. It has no race.
func work(much time.Duration) (sum uint64) {
	var (
		mutex sync.Mutex
		wait  sync.WaitGroup
	)
	end := spent() + much
	for worker := uint64(0); worker < 4; worker++ {
		wait.Add(1)
		go func(x uint64) {
			defer wait.Done()
			for spent() < end {
				for i := 0; i < 200000; i++ {
					x = x*6364136223846793005 + 1442695040888963407
				}
			}
			mutex.Lock()
			defer mutex.Unlock()
			sum += x
		}(worker)
	}
	wait.Wait()
	return sum
}

// samples counts the samples of a profile (github.com/google/pprof's
// profile.proto, compressed): the sum of the first values of its field 2. Those
// that were taken but could not be told are among them.
func samples(compressed []byte) (n int64, err error) {
	reader, err := gzip.NewReader(bytes.NewReader(compressed))
	if err != nil {
		return 0, err
	}
	data, err := io.ReadAll(reader)
	if err != nil {
		return 0, err
	}
	err = fields(data, func(number int, _ uint64, sample []byte) error {
		if number != 2 { // Profile.sample
			return nil
		}
		isFirst := true
		return fields(sample, func(number int, value uint64, packed []byte) error {
			if number != 2 || !isFirst { // Sample.value: first the count, then the time
				return nil
			}
			isFirst = false
			if packed != nil { // Go packs what has more than two values
				value, _ = binary.Uvarint(packed)
			}
			n += int64(value)
			return nil
		})
	})
	return n, err
}

var errBroken = errors.New("this is no profile")

// fields walks a message, and gives the value or the content of each field.
func fields(data []byte, each func(number int, value uint64, content []byte) error) error {
	next := func() (uint64, error) {
		value, size := binary.Uvarint(data)
		if size <= 0 {
			return 0, errBroken
		}
		data = data[size:]
		return value, nil
	}
	for len(data) > 0 {
		key, err := next()
		if err != nil {
			return err
		}
		value, err := next() // of a field with content, its length
		if err != nil {
			return err
		}
		var content []byte
		switch key & 7 {
		case 0:
		case 2:
			if value > uint64(len(data)) {
				return errBroken
			}
			content, data = data[:value], data[value:]
		default:
			return errBroken // the format has no other type
		}
		if err := each(int(key>>3), value, content); err != nil {
			return err
		}
	}
	return nil
}

// spent is the processor time of this process so far.
func spent() time.Duration {
	var usage syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &usage) != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// TestProfile profiles 150 ms of work: some 15 samples.
func TestProfile(t *testing.T) {
	var profile bytes.Buffer
	before := spent()
	err := pprof.StartCPUProfile(&profile)
	t.Logf("start_err=%v", err)
	if err != nil {
		t.FailNow()
	}
	sum := work(150 * time.Millisecond)
	pprof.StopCPUProfile()
	used := spent() - before
	n, err := samples(profile.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("perf_event_paranoid is %s; work gave %x", level(), sum)
	t.Logf("cpu_ms=%d bytes=%d samples=%d", used.Milliseconds(), profile.Len(), n)
}

// level is kernel.perf_event_paranoid, as far as this process can tell.
func level() string {
	text, err := os.ReadFile("/proc/sys/kernel/perf_event_paranoid")
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(string(text))
}

// TestPerf opens a perf event, which the profiler does not: what a level of
// perf_event_paranoid that refuses everything does to a program that asks.
func TestPerf(t *testing.T) {
	attr := struct {
		kind, size uint32
		config     uint64
		_          [3]uint64
		flags      uint64
		_          [2]uint64
	}{kind: 1, config: 1, flags: 1 << 5} // PERF_TYPE_SOFTWARE, PERF_COUNT_SW_TASK_CLOCK, exclude_kernel
	attr.size = uint32(unsafe.Sizeof(attr))
	none := ^uintptr(0)
	fd, _, errno := syscall.Syscall6(syscall.SYS_PERF_EVENT_OPEN, uintptr(unsafe.Pointer(&attr)), 0, none, none, 0, 0)
	if errno != 0 {
		t.Fatalf("perf_event_open: %v", errno)
	}
	syscall.Close(int(fd))
}
