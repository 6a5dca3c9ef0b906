// Package faults has one small test for each kind of thing that a program asks
// of its kernel. Nothing is wrong with them; the README puts them under duress.
package faults

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Reads a whole file, and knows what is in it.
func TestConfig(t *testing.T) {
	text, err := os.ReadFile("testdata/config.json")
	if err != nil {
		t.Fatal(err)
	}
	if string(text) != "{\"port\": 8080}\n" {
		t.Fatalf("the configuration reads %q", text)
	}
}

// Reads a file with one call, and takes it for all there is.
func TestOneRead(t *testing.T) {
	file, err := os.Open("testdata/config.json")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	buffer := make([]byte, 64)
	n, err := file.Read(buffer)
	if err != nil {
		t.Fatal(err)
	}
	if got := string(buffer[:n]); got != "{\"port\": 8080}\n" {
		t.Fatalf("the configuration reads %q", got)
	}
}

// Writes a file, and looks whether all of it is there.
func TestSave(t *testing.T) {
	path := filepath.Join(t.TempDir(), "saved")
	want := bytes.Repeat([]byte("0123456789abcdef"), 4096)
	if err := os.WriteFile(path, want, 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Fatalf("%d bytes were saved, and %d are there", len(want), len(got))
	}
}

// Closes a file that it wrote, and looks whether that worked.
func TestClose(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "file"))
	if err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
}

// Opens a hundred files at once.
func TestManyFiles(t *testing.T) {
	for range make([]struct{}, 100) {
		file, err := os.Open("testdata/config.json")
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
	}
}

// Needs sixteen threads at once.
func TestThreads(t *testing.T) {
	var ready, done sync.WaitGroup
	release := make(chan struct{})
	for range make([]struct{}, 16) {
		ready.Add(1)
		done.Add(1)
		go func() {
			defer done.Done()
			runtime.LockOSThread()
			ready.Done()
			<-release
		}()
	}
	ready.Wait()
	close(release)
	done.Wait()
}

// Needs 256 MiB of memory.
func TestMemory(t *testing.T) {
	var parts [][]byte
	for range make([]struct{}, 256) {
		parts = append(parts, make([]byte, 1<<20))
	}
	runtime.KeepAlive(parts)
}

// Sends and receives on a connection to itself.
func TestConnection(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		peer, err := listener.Accept()
		if err != nil {
			return
		}
		defer peer.Close()
		io.Copy(peer, peer)
	}()
	conn, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(5 * time.Second))
	for range make([]struct{}, 20) {
		if _, err := conn.Write([]byte("ping")); err != nil {
			t.Fatal(err)
		}
		answer := make([]byte, 4)
		if _, err := io.ReadFull(conn, answer); err != nil {
			t.Fatal(err)
		}
	}
}

// Starts a program, and wants its output.
func TestProgram(t *testing.T) {
	out, err := exec.Command("echo", "hello").CombinedOutput()
	if err != nil {
		t.Fatal(err)
	}
	if strings.TrimSpace(string(out)) != "hello" {
		t.Fatalf("the program said %q", out)
	}
}

// Asks for its parent a hundred times, and counts the signals that it gets meanwhile.
func TestSignals(t *testing.T) {
	signals := make(chan os.Signal, 100)
	signal.Notify(signals, syscall.SIGUSR1, syscall.SIGWINCH)
	defer signal.Stop(signals)
	for range make([]struct{}, 100) {
		syscall.Getppid()
	}
	select {
	case got := <-signals:
		t.Fatalf("the program got %v", got)
	case <-time.After(50 * time.Millisecond):
	}
}

// Knows who started it.
func TestParent(t *testing.T) {
	for range make([]struct{}, 10) {
		if parent := os.Getppid(); parent <= 1 {
			t.Fatalf("the parent is %d", parent)
		}
	}
}

// Makes a folder that must not be there yet.
func TestFolder(t *testing.T) {
	err := os.Mkdir(filepath.Join(t.TempDir(), "folder"), 0o700)
	if errors.Is(err, os.ErrExist) {
		t.Fatal("somebody else made the folder: ", err)
	}
	if err != nil {
		t.Fatal(err)
	}
}
