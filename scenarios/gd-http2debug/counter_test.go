package http

import (
	"io"
	"sync/atomic"
)

// counter counts what is read of its reader.
type counter struct {
	reader io.Reader
	n      atomic.Int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.reader.Read(p)
	c.n.Add(int64(n))
	return n, err
}

func (c *counter) count() int { return int(c.n.Load()) }
