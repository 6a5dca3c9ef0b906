// Package inc has a C function, so that its binaries are linked by a C compiler.
package inc

/*
static int inc(int n) { return n + 1; }
*/
import "C"

// Inc is n+1, by way of C.
func Inc(n int) int { return int(C.inc(C.int(n))) }
