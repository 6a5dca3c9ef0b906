package network

import (
	"bufio"
	"io"
	"net"
	"runtime"
	"runtime/debug"
	"sync"
	"testing"
)

// feed has a peer send so many pings of 16 bytes.
func feed(t *testing.T, n int) net.Conn {
	t.Helper()
	conn, peer := pair(t)
	go func() {
		ping := make([]byte, 16)
		for i := 0; i < n; i++ {
			if _, err := peer.Write(ping); err != nil {
				t.Error(err)
				return
			}
		}
	}()
	return conn
}

// TestReadAllocates counts what a read into a buffer that is there allocates.
func TestReadAllocates(t *testing.T) {
	const reads = 1000
	conn, buffer := feed(t, reads+1), make([]byte, 16)
	objects := testing.AllocsPerRun(reads, func() {
		if _, err := io.ReadFull(conn, buffer); err != nil {
			t.Fatal(err)
		}
	})
	t.Logf("objects_per_read=%d", int(objects))
}

// collections reads so many pings, each into the buffer that get gives, and
// tells how often garbage was collected, and how many bytes were allocated.
func collections(t *testing.T, name string, get func() []byte, put func([]byte)) {
	t.Helper()
	const pings = 5000
	conn := feed(t, pings)
	defer debug.SetGCPercent(debug.SetGCPercent(100))
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for i := 0; i < pings; i++ {
		buffer := get()
		if _, err := io.ReadFull(conn, buffer[:16]); err != nil {
			t.Fatal(err)
		}
		put(buffer)
	}
	runtime.ReadMemStats(&after)
	collections := after.NumGC - before.NumGC
	t.Logf("%s_collections=%d %s_kilobytes=%d", name, collections, name, (after.TotalAlloc-before.TotalAlloc)>>10)
	if collections > 0 {
		t.Logf("%s: a pause of %d µs a collection", name, (after.PauseTotalNs-before.PauseTotalNs)/uint64(collections)/1000)
	}
}

// last keeps buffers on the heap.
var last []byte

// TestFreshOrPooled reads into a new buffer of 4 KiB each time, and into one
// of a pool.
func TestFreshOrPooled(t *testing.T) {
	collections(t, "fresh", func() []byte { return make([]byte, 4096) }, func(b []byte) { last = b })
	pool := sync.Pool{New: func() any { b := make([]byte, 4096); return &b }}
	var holder *[]byte
	collections(t, "pooled",
		func() []byte { holder = pool.Get().(*[]byte); return *holder },
		func([]byte) { pool.Put(holder) })
}

// handled gives the bytes that are allocated for one connection of many.
func handled(t *testing.T, handle func(net.Conn)) uint64 {
	const connections = 200
	conn, _ := pair(t)
	handle(conn) // what is made once
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for i := 0; i < connections; i++ {
		handle(conn)
	}
	runtime.ReadMemStats(&after)
	return (after.TotalAlloc - before.TotalAlloc) / connections
}

// reader keeps a reader on the heap.
var reader *bufio.Reader

// TestDocumentsPool compares a connection's reader as it is by default, by the
// document's pool of buffers, and by a pool of readers.
func TestDocumentsPool(t *testing.T) {
	byDefault := handled(t, func(c net.Conn) { reader = bufio.NewReader(c) })
	buffers := sync.Pool{New: func() any { b := make([]byte, 8*1024); return &b }}
	document := handled(t, func(c net.Conn) {
		b := buffers.Get().(*[]byte)
		defer buffers.Put(b)
		reader = bufio.NewReaderSize(c, len(*b)) // of the buffer, only its size is used
	})
	readers := sync.Pool{New: func() any { return bufio.NewReader(nil) }}
	pooled := handled(t, func(c net.Conn) {
		r := readers.Get().(*bufio.Reader)
		defer readers.Put(r)
		r.Reset(c)
	})
	t.Logf("default_bytes=%d document_bytes=%d pooled_reader_bytes=%d", byDefault, document, pooled)
}
