// The same with C in it: the C library starts the threads.
package main

import "C"

import threads "example.com/clone3-newosproc"

func main() { threads.Start(8) }
