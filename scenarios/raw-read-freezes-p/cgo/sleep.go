// Package cgo blocks in C.
package cgo

// #include <unistd.h>
import "C"

// Sleep blocks its thread in C for so many microseconds.
func Sleep(microseconds int) { C.usleep(C.useconds_t(microseconds)) }
