package network

import (
	"io"
	"net/http"
	"runtime"
	"testing"

	"example.com/fd-exhaustion/handlers"
)

// discard is a ResponseWriter that allocates nothing itself.
type discard struct{ io.Writer }

func (discard) Header() http.Header { return nil }
func (discard) WriteHeader(int)     {}

// TestAllocations counts what one request of each handler allocates.
func TestAllocations(t *testing.T) {
	var w http.ResponseWriter = discard{io.Discard}
	for _, one := range []struct {
		name    string
		handler http.HandlerFunc
	}{{"escape", handlers.Escape}, {"noescape", handlers.NoEscape}, {"sum", handlers.Sum}} {
		const runs = 1000
		objects := testing.AllocsPerRun(runs, func() { one.handler(w, nil) })
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for i := 0; i < runs; i++ {
			one.handler(w, nil)
		}
		runtime.ReadMemStats(&after)
		t.Logf("%s_objects=%d %s_bytes=%d", one.name, int(objects), one.name, (after.TotalAlloc-before.TotalAlloc)/runs)
	}
}
