// A program that shows that what was built also runs.
package main

import (
	"fmt"
	"runtime"
)

func main() {
	fmt.Println("built and run by", runtime.Version())
}
