package network

import (
	"bufio"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// lines keeps what a server logs.
type lines struct {
	mu  sync.Mutex
	all []string
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, strings.TrimSpace(string(p)))
	return len(p), nil
}

// about gives those that have this text.
func (l *lines) about(text string) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var found []string
	for _, line := range l.all {
		if strings.Contains(line, text) {
			found = append(found, line)
		}
	}
	return found
}

// serve starts a server that answers "ok".
func serve(t *testing.T) (address string, said *lines) {
	t.Helper()
	listener, said := listen(t), &lines{}
	server := &http.Server{
		ErrorLog: log.New(said, "", 0),
		Handler:  http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok") }),
	}
	go server.Serve(listener)
	t.Cleanup(func() { server.Close() })
	return listener.Addr().String(), said
}

// ask sends one request on a connection of its own; answer reads what comes.
func ask(t *testing.T, address string) (answer func() string) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(conn, "GET / HTTP/1.0\r\n\r\n")
	return func() string {
		defer conn.Close()
		conn.SetReadDeadline(time.Now().Add(5 * time.Second))
		response, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			return err.Error()
		}
		defer response.Body.Close()
		body, _ := io.ReadAll(response.Body)
		return fmt.Sprintf("%s %s", response.Status, body)
	}
}

func tell(t *testing.T, said *lines, answer string) {
	failures := said.about("Accept error")
	for i := 0; i < len(failures) && i < 3; i++ {
		t.Log(failures[i])
	}
	t.Logf("accept_errors=%d", len(failures))
	t.Logf("answer: %s", answer)
}

func TestOneRequest(t *testing.T) {
	address, said := serve(t)
	tell(t, said, ask(t, address)())
}

// TestNoDescriptorLeft has the process open as many files as it may, up to a
// hundred, and then leaves one descriptor: for the client's end.
func TestNoDescriptorLeft(t *testing.T) {
	address, said := serve(t)
	if answer := ask(t, address)(); answer != "200 OK ok" {
		t.Fatal(answer)
	}
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("/proc/sys/fs/file-max")
	if err != nil {
		t.Fatal(err)
	}
	var most uint64
	fmt.Sscan(string(text), &most)

	var files []*os.File
	isFull := false
	for len(files) < 100 {
		file, err := os.Open("/dev/null")
		if err != nil {
			isFull = true
			break
		}
		files = append(files, file)
	}
	files[0].Close()
	answer := ask(t, address)
	for deadline := time.Now().Add(5 * time.Second); isFull && len(said.about("Accept error")) == 0 && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	open := descriptors(limit.Cur)
	// What the document would alert on, and what the limit is.
	t.Logf("open=%d limit=%d fs.file-max=%d", open, limit.Cur, most)
	t.Logf("document_percent=%d", uint64(float64(open)/float64(most)*100))
	t.Logf("percent_of_limit=%d", open*100/limit.Cur)
	for _, file := range files[1:] {
		file.Close()
	}
	tell(t, said, answer())
}

// descriptors counts open ones below the limit, without opening any.
func descriptors(limit uint64) (open uint64) {
	for fd := uint64(0); fd < limit && fd < 1024; fd++ {
		if _, _, errno := syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), syscall.F_GETFD, 0); errno == 0 {
			open++
		}
	}
	return open
}
