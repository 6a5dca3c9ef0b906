package main

import (
	"reflect"
	"syscall"

	"example.com/callsites/mark"
)

type caller interface{ call(what string) }

type value struct{ n int }

//go:noinline
func (v value) call(what string) {
	syscall.Syscall(syscall.SYS_GETPGID, mark.Here(what), uintptr(v.n), 0)
}

// Exported is found by reflection.
//
//go:noinline
func (v value) Exported(what string) { mark.Call(what) }

type pointer struct{ n int }

//go:noinline
func (p *pointer) call(what string) {
	p.n++
	syscall.Syscall(syscall.SYS_GETPGID, mark.Here(what), uintptr(p.n), 0)
}

// promoted has the methods of what it embeds: the compiler writes them.
type promoted struct {
	padding int
	value
}

type promotedPointer struct {
	padding int
	*pointer
}

type promotedInterface struct {
	padding int
	caller
}

//go:noinline
func throughInterface(c caller, what string) { c.call(what) }

//go:noinline
func throughValue(f func(string), what string) { f(what) }

func methods() {
	v, p := value{1}, &pointer{1}
	v.call("method of a value")
	p.call("method of a pointer")
	(&v).call("method of a value, by a pointer")
	promoted{1, v}.call("promoted method")
	promotedPointer{1, p}.call("promoted method of a pointer")

	throughInterface(v, "interface that holds a value")
	throughInterface(&v, "interface that holds a pointer to a value")
	throughInterface(p, "interface that holds a pointer")
	throughInterface(promoted{1, v}, "interface with a promoted method")
	throughInterface(&promoted{1, v}, "interface with a promoted method, by a pointer")
	throughInterface(promotedPointer{1, p}, "interface with a promoted method of a pointer")
	throughInterface(promotedInterface{1, v}, "interface within an interface")
	throughInterface(&promotedInterface{1, p}, "interface within an interface, by a pointer")

	throughValue(v.call, "method value")
	throughValue(p.call, "method value of a pointer")
	throughValue(promoted{1, v}.call, "method value of a promoted method")
	throughValue(caller(p).call, "method value of an interface")
	throughValue(func(what string) { value.call(v, what) }, "method expression")
	throughExpression((*value).call, &v, "method expression with another receiver")

	reflect.ValueOf(v).MethodByName("Exported").Call([]reflect.Value{reflect.ValueOf("method by reflection")})
	reflect.ValueOf(mark.Call).Call([]reflect.Value{reflect.ValueOf("function by reflection")})
	bound := reflect.ValueOf(&v).MethodByName("Exported").Interface().(func(string))
	bound("method value by reflection")
	made := reflect.MakeFunc(reflect.TypeOf(mark.Call), func(arguments []reflect.Value) []reflect.Value {
		mark.Call(arguments[0].String())
		return nil
	})
	made.Interface().(func(string))("function made by reflection")
}

//go:noinline
func throughExpression(f func(*value, string), v *value, what string) { f(v, what) }
