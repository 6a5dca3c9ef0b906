// Package start is the document's program, with the standard library's trace:
// it does have a function Start.
package start

import (
	"os"
	_ "runtime/trace"
)

func init() {
	trace.Start(os.Stderr)
}
