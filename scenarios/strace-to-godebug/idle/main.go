// Command idle waits for 300 ms, with nothing to do, no lock and no name to look
// up: for a pipe whose only writer is a child that sleeps.
package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
)

func main() {
	reader, writer, err := os.Pipe()
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	child := exec.Command("sleep", "0.3")
	child.Stdout = writer
	if err := child.Start(); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	writer.Close()
	io.Copy(io.Discard, reader)
	fmt.Println("waited:", child.Wait())
}
