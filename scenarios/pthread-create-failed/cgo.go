package main

// static int one(void) { return 1; }
import "C"

func init() { hasC = C.one() == 1 }
