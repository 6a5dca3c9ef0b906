// Package http asks what GODEBUG switches print of HTTP.
package http

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// TestStalledUpload sends 2 MiB by HTTP/2 to a handler that reads nothing for
// a while: the stream's window is used up, and its sender blocked.
func TestStalledUpload(t *testing.T) {
	release := make(chan struct{})
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		<-release
		n, err := io.Copy(io.Discard, r.Body)
		t.Logf("handler: %s, read %d bytes, err=%v", r.Proto, n, err)
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()

	const size = 2 << 20
	body := &counter{reader: bytes.NewReader(make([]byte, size))}
	done := make(chan struct{})
	go func() {
		defer close(done)
		response, err := server.Client().Post(server.URL, "application/octet-stream", body)
		if err != nil {
			t.Error(err)
			return
		}
		response.Body.Close()
		t.Logf("client: %s %s", response.Proto, response.Status)
	}()
	t.Logf("stalled_before_the_end=%t", stalledAt(body) < size)
	close(release)
	<-done
}

// stalledAt waits until nothing more is taken from the body, and returns how
// much was.
func stalledAt(body *counter) int {
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); {
		before := body.count()
		time.Sleep(50 * time.Millisecond)
		if before > 0 && before == body.count() {
			return before
		}
	}
	return body.count()
}
