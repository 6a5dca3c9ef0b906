// Package pool is the document's program.
package pool

import (
	"bufio"
	"net"
	"sync"
)

var readBufPool = sync.Pool{
	New: func() interface{} {
		buf := make([]byte, 8*1024)
		return &buf
	},
}

func handleConn(c net.Conn) {
	bufPtr := readBufPool.Get().(*[]byte)
	defer readBufPool.Put(bufPtr)

	r := bufio.NewReaderSize(c, len(**bufPtr))
	_ = r
}
