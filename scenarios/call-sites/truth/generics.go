package main

import (
	"syscall"

	"example.com/callsites/mark"
)

type box[T any] struct{ content T }

//go:noinline
func (b *box[T]) call(what string) {
	syscall.Syscall(syscall.SYS_GETPGID, mark.Here(what), 0, 0)
}

//go:noinline
func (b box[T]) get(do func(T)) { do(b.content) }

type pair[K comparable, V any] struct {
	box[K]
	value V
}

//go:noinline
func each[T any](values []T, do func(T)) {
	for _, value := range values {
		do(value)
	}
}

func small[T any](value T, what string) T {
	mark.Call(what)
	return value
}

//go:noinline
func called[T caller](c T, what string) { c.call(what) }

//go:noinline
func closureOf[T any](value T) func(string) {
	return func(what string) {
		_ = value
		syscall.Syscall(syscall.SYS_GETPGID, mark.Here(what), 0, 0)
	}
}

func generics() {
	each([]int{1}, func(int) { mark.Call("generic function, int") })
	each([]string{"1"}, func(string) { mark.Call("generic function, string") })
	each([]*pointer{nil}, func(*pointer) { mark.Call("generic function, pointer") })
	each([]box[map[string][]int]{{}}, func(box[map[string][]int]) { mark.Call("generic function, nested types") })
	small(1, "inlined generic function")
	small(struct{ a, b string }{}, "inlined generic function, structure")

	(&box[int]{1}).call("method of a generic type")
	(&box[caller]{value{1}}).call("method of a generic type, interface")
	box[string]{"1"}.get(func(string) { mark.Call("method of a generic type, by value") })
	(&pair[string, int]{}).call("promoted method of a generic type")
	throughInterface(&box[int]{1}, "interface that holds a generic type")
	throughInterface(&pair[string, []byte]{}, "interface that holds a generic type with a promoted method")
	throughValue((&box[float64]{1}).call, "method value of a generic type")

	called(value{1}, "method of a type parameter")
	called(&pointer{1}, "method of a type parameter, pointer")
	called[caller](value{1}, "method of a type parameter, interface")
	closureOf(1)("closure of a generic function")
	closureOf("1")("closure of a generic function, string")
}
