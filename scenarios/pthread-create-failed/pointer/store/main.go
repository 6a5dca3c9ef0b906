// This program breaks cgo's rules where it stores a Go pointer in C's memory.
// (Like the others here it does without the standard library: with
// GOEXPERIMENT=cgocheck2 all that it uses is compiled anew.)
package main

/*
struct box { int *content; };

static struct box box;

static struct box *the_box(void) { return &box; }
static int look(void) { return box.content != 0; }
*/
import "C"

func main() {
	C.the_box().content = new(C.int)
	println("stored:", C.look())
}
