// Package handlers has the document's two handlers, and one whose buffer does
// stay on the stack.
package handlers

import (
	"bytes"
	"net/http"
)

// Escape is the document's first: its buffer is said to escape to the heap.
func Escape(w http.ResponseWriter, r *http.Request) {
	buf := &bytes.Buffer{}
	buf.WriteString("OK")
	w.Write(buf.Bytes())
}

// NoEscape is the document's second: its slice is said to stay on the stack.
func NoEscape(w http.ResponseWriter, r *http.Request) {
	data := make([]byte, 2)
	copy(data, "OK")
	w.Write(data)
}

// Sum hands its slice to no interface.
func Sum(w http.ResponseWriter, r *http.Request) {
	data := make([]byte, 2)
	copy(data, "OK")
	if int(data[0])+int(data[1]) == 0 {
		w.WriteHeader(http.StatusInternalServerError)
	}
}
