package main

import (
	"context"
	"runtime"
	"sync"
	"syscall"
	"time"

	"example.com/callsites/mark"
)

// goroutines makes calls from goroutines, whoever starts them, one after the other.
func goroutines() {
	wait(func(done func()) {
		go func() {
			defer done()
			syscall.Syscall(syscall.SYS_GETPGID, mark.Here("goroutine"), 0, 0)
		}()
	})
	wait(func(done func()) { go named("goroutine of a function with arguments", done) })
	wait(func(done func()) { go worker{done}.run("goroutine of a method") })
	wait(func(done func()) {
		go func() {
			go func() {
				defer done()
				mark.Call("goroutine started by a goroutine")
			}()
		}()
	})
	wait(func(done func()) {
		time.AfterFunc(time.Microsecond, func() {
			defer done()
			mark.Call("time.AfterFunc")
		})
	})
	wait(func(done func()) {
		go func() {
			defer done()
			runtime.LockOSThread()
			mark.Call("goroutine with a thread of its own")
		}()
	})
	wait(func(done func()) {
		ctx, cancel := context.WithCancel(context.Background())
		go func() {
			defer done()
			<-ctx.Done()
			mark.Call("goroutine that has slept")
		}()
		time.Sleep(time.Millisecond)
		cancel()
	})
	collected(func(done func()) {
		runtime.SetFinalizer(&[16]*int{}, func(*[16]*int) {
			mark.Call("finalizer")
			done()
		})
	})
	deepStack()
	crowd()
}

// wait starts something and waits until it is done.
func wait(start func(done func())) {
	done := make(chan struct{})
	start(func() { close(done) })
	<-done
}

// collected starts something and collects garbage until it is done.
func collected(start func(done func())) {
	done := make(chan struct{})
	start(func() { close(done) })
	for {
		runtime.GC()
		select {
		case <-done:
			return
		case <-time.After(time.Millisecond):
		}
	}
}

func named(what string, done func()) {
	defer done()
	mark.Call(what)
}

type worker struct{ done func() }

func (w worker) run(what string) {
	defer w.done()
	mark.Call(what)
}

// deepStack makes calls on a goroutine whose stack is moved between them.
func deepStack() {
	var group sync.WaitGroup
	group.Add(1)
	go func() {
		defer group.Done()
		mark.Call("before the stack has grown")
		recurse(100)
		mark.Call("after the stack has grown")
	}()
	group.Wait()
}

// crowd makes calls from many goroutines at once.
func crowd() {
	var group sync.WaitGroup
	for i := 0; i < 20; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for i := 0; i < 5; i++ {
				mark.Call("crowd")
				runtime.Gosched()
			}
		}()
	}
	group.Wait()
}
