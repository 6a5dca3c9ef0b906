// This program breaks cgo's rules in an argument of a C function: Go memory that
// points to Go memory.
package main

/*
struct box { int *content; };

static int look(struct box *box) { return box->content != 0; }
*/
import "C"

func main() {
	box := new(C.struct_box)
	box.content = new(C.int)
	println("looked:", C.look(box))
}
