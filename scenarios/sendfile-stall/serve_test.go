package serve

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestServeFile has net/http send a file to a client, some times over one
// connection.
func TestServeFile(t *testing.T) {
	const requests, size = 5, 10_000
	path := filepath.Join(t.TempDir(), "file")
	content := bytes.Repeat([]byte("paper"), size/5)
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.ServeFile(w, r, path)
	}))
	defer server.Close()
	right, least := 0, time.Hour
	for i := 0; i < requests; i++ {
		begin := time.Now()
		response, err := server.Client().Get(server.URL)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Equal(got, content) {
			right++
		}
		// A stall would hold up each request but the first, which has a new connection.
		if took := time.Since(begin); i > 0 && took < least {
			least = took
		}
	}
	t.Logf("requests=%d right=%d", requests, right)
	t.Logf("least_ms=%d", least.Milliseconds())
}
