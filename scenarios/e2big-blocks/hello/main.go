// Command hello says that it was reached, and with how large a variable.
package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Printf("reached Go: bytes=%d\n", len(os.Getenv("GO_ENV_CONFIG")))
}
