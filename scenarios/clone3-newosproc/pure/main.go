// A program in Go alone: the runtime starts its threads itself.
package main

import threads "example.com/clone3-newosproc"

func main() { threads.Start(8) }
