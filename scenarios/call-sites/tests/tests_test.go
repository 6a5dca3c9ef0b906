// Package tests makes marked calls from tests, and from what they start; beside each stands the test that it belongs to.
package tests

import (
	"os"
	"sync"
	"testing"
	"time"

	"example.com/callsites/mark"
)

func TestMain(m *testing.M) {
	mark.Test("", mark.None, "TestMain, before the tests")
	code := m.Run()
	mark.Test("", mark.None, "TestMain, after the tests")
	os.Exit(code)
}

// started is by nobody's test.
var started = make(chan func())

func init() {
	mark.Test("", mark.None, "init")
	go func() {
		for do := range started {
			do()
		}
	}()
}

func TestPlain(t *testing.T) {
	mark.Test(t.Name(), mark.Own, "test")
	func() { mark.Test(t.Name(), mark.Own, "closure of a test") }()
}

func TestServer(t *testing.T) {
	mark.Test(t.Name(), mark.Own, "before subtests")
	for _, name := range []string{"reuse", "close", "with a space"} {
		t.Run(name, func(t *testing.T) {
			helper(t, "subtest")
			t.Run("again", func(t *testing.T) {
				helper(t, "subtest of a subtest")
			})
		})
	}
	mark.Test(t.Name(), mark.Own, "after subtests")
}

//go:noinline
func helper(t *testing.T, what string) {
	t.Helper()
	mark.Test(t.Name(), mark.Own, what+", by a helper")
}

func TestHelped(t *testing.T) { helper(t, "another test") }

// A subtest that is no closure.
func TestSubtestFunction(t *testing.T) {
	t.Run("named", testNamed)
}

func testNamed(t *testing.T) { mark.Test(t.Name(), mark.Own, "subtest that is a function") }

func TestParallelSubtests(t *testing.T) {
	for _, name := range []string{"a", "b", "c"} {
		t.Run(name, func(t *testing.T) {
			mark.Test(t.Name(), mark.Own, "parallel subtest, before it is")
			t.Parallel()
			for i := 0; i < 5; i++ {
				mark.Test(t.Name(), mark.Own, "parallel subtest")
				time.Sleep(time.Millisecond)
			}
			together(func() { mark.Test(t.Name(), mark.Own, "goroutine of a parallel subtest") })
		})
	}
	mark.Test(t.Name(), mark.Own, "before parallel subtests")
}

func TestParallelOne(t *testing.T) { parallel(t) }
func TestParallelTwo(t *testing.T) { parallel(t) }

func parallel(t *testing.T) {
	t.Parallel()
	for i := 0; i < 5; i++ {
		mark.Test(t.Name(), mark.Own, "parallel test")
		together(func() { mark.Test(t.Name(), mark.Own, "goroutine of a parallel test") })
	}
}

// together does this on a goroutine, and waits for it.
func together(do func()) {
	var group sync.WaitGroup
	group.Add(1)
	go func() {
		defer group.Done()
		do()
	}()
	group.Wait()
}

func TestGoroutines(t *testing.T) {
	together(func() { mark.Test(t.Name(), mark.Own, "goroutine") })
	together(func() {
		together(func() { mark.Test(t.Name(), mark.Own, "goroutine of a goroutine") })
	})
	t.Run("subtest", func(t *testing.T) {
		together(func() {
			together(func() { mark.Test(t.Name(), mark.Own, "goroutine of a goroutine of a subtest") })
		})
	})

	done, over := make(chan bool), make(chan bool)
	go func() {
		go func() {
			<-over
			// Time for the other to be gone, or not: it is loose anyway.
			time.Sleep(time.Millisecond)
			mark.Test(t.Name(), mark.Loose, "goroutine whose parent is over")
			done <- true
		}()
		close(over)
	}()
	<-done
}

func TestAfterFunc(t *testing.T) {
	done := make(chan bool)
	time.AfterFunc(time.Millisecond, func() {
		mark.Test(t.Name(), mark.Loose, "time.AfterFunc")
		done <- true
	})
	<-done
}

// The workers belong to the test that starts them, whomever they work for; it waits for the other.
func TestPool(t *testing.T) {
	work, done := make(chan func()), make(chan bool)
	for i := 0; i < 2; i++ {
		go func() {
			for do := range work {
				do()
				done <- true
			}
		}()
	}
	t.Run("user", func(*testing.T) {
		for i := 0; i < 4; i++ {
			work <- func() { mark.Test(t.Name(), mark.Own, "pool of another test") }
			<-done
		}
	})
	close(work)
}

func TestWorkerOfNobody(t *testing.T) {
	done := make(chan bool)
	started <- func() {
		mark.Test(t.Name(), mark.Loose, "goroutine that no test started")
		done <- true
	}
	<-done
}

func TestCleanup(t *testing.T) {
	t.Cleanup(func() { mark.Test(t.Name(), mark.Own, "cleanup") })
	defer mark.Test(t.Name(), mark.Own, "deferred")
	t.Run("subtest", func(t *testing.T) {
		t.Cleanup(func() {
			mark.Test(t.Name(), mark.Own, "cleanup of a subtest")
			together(func() { mark.Test(t.Name(), mark.Own, "goroutine of a cleanup") })
		})
	})
}

func TestRunByGoroutine(t *testing.T) {
	together(func() {
		t.Run("subtest", func(t *testing.T) {
			mark.Test(t.Name(), mark.Own, "subtest that a goroutine runs")
		})
	})
}

func TestSkipped(t *testing.T) {
	defer mark.Test(t.Name(), mark.Own, "deferred, skipped")
	t.Skip("on purpose")
}

// Subtests that are methods.
type suite struct{ padding int }

func TestSuite(t *testing.T) {
	t.Run("method", suite{}.testMethod)
	t.Run("method of a pointer", (&suite{}).testPointer)
}

func (suite) testMethod(t *testing.T) { mark.Test(t.Name(), mark.Own, "subtest that is a method") }
func (*suite) testPointer(t *testing.T) {
	mark.Test(t.Name(), mark.Own, "subtest that is a method of a pointer")
}

func BenchmarkCalls(b *testing.B) {
	for i := 0; i < b.N; i++ {
		mark.Test(b.Name(), mark.Own, "benchmark")
	}
	b.Run("sub", func(b *testing.B) {
		for i := 0; i < b.N; i++ {
			mark.Test(b.Name(), mark.Own, "benchmark within a benchmark")
		}
	})
	b.Run("parallel", func(b *testing.B) {
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				mark.Test(b.Name(), mark.Own, "parallel benchmark")
			}
		})
	})
}

func FuzzCalls(f *testing.F) {
	mark.Test(f.Name(), mark.Own, "fuzz test")
	f.Add(1)
	f.Add(2)
	f.Fuzz(func(t *testing.T, n int) {
		mark.Test(t.Name(), mark.Own, "seed of a fuzz test")
		together(func() { mark.Test(t.Name(), mark.Own, "goroutine of a seed") })
	})
}

func Example() {
	mark.Test("Example", mark.Loose, "example")
	// Output:
}

func ExampleMain() {
	mark.Test("ExampleMain", mark.Loose, "example of a name")
	// Output:
}
