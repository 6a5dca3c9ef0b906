package serve

import (
	"io"
	"io/ioutil"
	"net"
	"net/http"
	"testing"
	"time"
)

// TestServe serves a client's requests, each over a connection of its own, and
// says how the server ended.
func TestServe(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "rock")
	})}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()

	const requests = 3
	client := &http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	answered := 0
	for i := 0; i < requests; i++ {
		response, err := client.Get("http://" + listener.Addr().String())
		if err != nil {
			t.Logf("request %d: %v", i+1, err)
			continue
		}
		text, _ := ioutil.ReadAll(response.Body)
		response.Body.Close()
		if string(text) == "rock" {
			answered++
		}
	}
	t.Logf("requests=%d answered=%d", requests, answered)
	select {
	case err := <-ended:
		t.Logf("Serve has ended: %v", err)
	case <-time.After(50 * time.Millisecond):
		t.Log("Serve goes on")
		server.Close()
		if err := <-ended; err != http.ErrServerClosed {
			t.Errorf("Serve: %v", err)
		}
	}
	if answered != requests {
		t.Fail()
	}
}
