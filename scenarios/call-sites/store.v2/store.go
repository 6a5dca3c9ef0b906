// Package store stands for other people's code; there is a dot in the last element of its import path.
package store

import (
	"io"
	"os"

	"example.com/callsites/mark"
)

// Log appends to a file.
type Log struct {
	file *os.File
}

// NewLog writes to a file.
func NewLog(file *os.File) *Log { return &Log{file} }

// Append writes a byte, at a place that is the mark.
func (log *Log) Append(what string) {
	log.file.WriteAt([]byte{'x'}, mark.Through("pwrite64", what))
}

// Each calls back.
func Each(values []int, do func(int)) {
	for _, value := range values {
		do(value)
	}
}

// At is a writer to one place of a file: a mark.
type At struct {
	File *os.File
	What string
}

var _ io.Writer = At{}

// Write does as io.Writer says.
func (at At) Write(bytes []byte) (int, error) {
	return at.File.WriteAt(bytes, mark.Through("pwrite64", at.What))
}
