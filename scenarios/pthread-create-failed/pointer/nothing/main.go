// This program keeps cgo's rules.
package main

/*
struct box { int *content; };

static int look(struct box *box) { return box->content != 0; }
*/
import "C"

func main() {
	println("empty:", C.look(new(C.struct_box)))
}
