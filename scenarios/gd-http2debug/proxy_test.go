package http

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"testing"
	"time"
)

// TestSilentProxy asks a proxy that accepts, and never answers, for a tunnel.
func TestSilentProxy(t *testing.T) {
	proxy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer proxy.Close()
	asked := make(chan string, 1)
	go func() {
		conn, err := proxy.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		line, _ := bufio.NewReader(conn).ReadString('\n')
		asked <- line
		io.Copy(io.Discard, conn)
	}()

	t.Setenv("HTTPS_PROXY", "http://"+proxy.Addr().String())
	t.Setenv("NO_PROXY", "")
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, "GET", "https://example.invalid/", nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = http.DefaultClient.Do(request)
	t.Logf("client: %v", err)
	t.Logf("proxy was asked: %q", <-asked)
}

// TestSlowReader answers a client that does not read for a while.
func TestSlowReader(t *testing.T) {
	const size = 16 << 20
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusOK)
		begin := time.Now()
		n, err := w.Write(make([]byte, size))
		t.Logf("handler: wrote %d bytes, blocked=%t, err=%v", n, time.Since(begin) > 100*time.Millisecond, err)
	})}
	go server.Serve(listener)
	defer server.Close()

	conn, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.(*net.TCPConn).SetReadBuffer(64 << 10)
	io.WriteString(conn, "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
	time.Sleep(200 * time.Millisecond)
	n, err := io.Copy(io.Discard, conn)
	t.Logf("client: read more than %d bytes: %t, err=%v", size, n > size, err)
}
