// Package threads has C in it, so that its threads are made by the C library.
package threads

// static int answer(void) { return 42; }
import "C"

// Answer asks C.
func Answer() int { return int(C.answer()) }
