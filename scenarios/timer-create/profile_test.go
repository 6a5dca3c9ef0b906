// Package profile takes a CPU profile of a known amount of work, and counts the samples in it.
package profile

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"io"
	"runtime/pprof"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// work is the CPU time that is used: 20 samples at 100 a second, whatever else this host does.
const work = 200 * time.Millisecond

func TestProfile(t *testing.T) {
	var b bytes.Buffer
	if err := pprof.StartCPUProfile(&b); err != nil {
		t.Fatal(err)
	}
	burn()
	pprof.StopCPUProfile()
	samples, err := count(&b)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("samples=%d wanted=%d", samples, work/(10*time.Millisecond))
	if samples < 5 || samples > 40 {
		t.Errorf("a profile of %v of CPU time has %d samples", work, samples)
	}
}

// burn uses the CPU in two goroutines until it is enough.
func burn() {
	end := used() + work
	var wait sync.WaitGroup
	var sum atomic.Uint64
	for i := 0; i < 2; i++ {
		wait.Add(1)
		go func() {
			defer wait.Done()
			for used() < end {
				x := uint64(1)
				for j := 0; j < 100_000; j++ {
					x = x*6364136223846793005 + 1442695040888963407
				}
				sum.Add(x)
			}
		}()
	}
	wait.Wait()
}

func used() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// count adds up the first value of each sample. A profile is a protocol buffer: its fields 2 are the samples, and in each of
// them the first field 2 is the count.
func count(packed io.Reader) (samples uint64, err error) {
	unpacked, err := gzip.NewReader(packed)
	if err != nil {
		return 0, err
	}
	profile, err := io.ReadAll(unpacked)
	if err != nil {
		return 0, err
	}
	err = second(profile, func(_ uint64, sample []byte) error {
		isFirst := true
		return second(sample, func(value uint64, _ []byte) error {
			if isFirst {
				samples += value
			}
			isFirst = false
			return nil
		})
	})
	return samples, err
}

// second calls with each field 2 of a message: a number, or what has a length.
func second(message []byte, call func(number uint64, content []byte) error) error {
	next := func() (value uint64) {
		value, n := binary.Uvarint(message)
		message = message[max(n, 0):]
		return value
	}
	for len(message) > 0 {
		key := next()
		var number uint64
		var content []byte
		switch key & 7 {
		case 0:
			number = next()
		case 2:
			length := next()
			if length > uint64(len(message)) {
				return errors.New("the profile is cut off")
			}
			content, message = message[:length], message[length:]
		default:
			return errors.New("the profile holds what it should not")
		}
		if key>>3 == 2 {
			if err := call(number, content); err != nil {
				return err
			}
		}
	}
	return nil
}
