// What programs do with their kernel, done right: one verb each. Under faults that a right program survives it says
// the same as without them.
package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

func main() {
	word := ""
	if len(os.Args) > 2 {
		word = os.Args[2]
	}
	switch os.Args[1] {
	case "read":
		text, err := os.ReadFile(word)
		fmt.Printf("read %q %v\n", text, err)
	case "flags":
		flags(word)
	case "sockets":
		sockets()
	case "streams":
		streams()
	case "vanish":
		vanish()
	case "call":
		_, _, errno := syscall.RawSyscall(syscall.SYS_GETPGID, 0, 0, 0)
		fmt.Println("called", int(errno))
	case "serve":
		number, _ := strconv.Atoi(word)
		serve(number)
	case "replace":
		replace()
	case "tree":
		number, _ := strconv.Atoi(word)
		tree(number)
	default:
		fmt.Println("no such verb:", os.Args[1])
		os.Exit(2)
	}
}

func check(err error) {
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

// flags says whether what is opened would be closed by an execve.
func flags(path string) {
	file, err := os.Open(path)
	check(err)
	flags, _, errno := syscall.Syscall(syscall.SYS_FCNTL, file.Fd(), syscall.F_GETFD, 0)
	fmt.Println("flags", flags, int(errno))
}

// sockets sends words to and fro on many connections.
func sockets() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	go func() {
		for {
			peer, err := listener.Accept()
			check(err)
			go func() {
				io.Copy(peer, peer)
				peer.Close()
			}()
		}
	}()
	var all sync.WaitGroup
	for i := 0; i < 8; i++ {
		all.Add(1)
		go func() {
			defer all.Done()
			conn, err := net.Dial("tcp", listener.Addr().String())
			check(err)
			defer conn.Close()
			for j := 0; j < 20; j++ {
				word := fmt.Sprintf("word %4d", j)
				_, err := io.WriteString(conn, word)
				check(err)
				answer := make([]byte, len(word))
				_, err = io.ReadFull(conn, answer)
				check(err)
				if string(answer) != word {
					fmt.Printf("sent %q, got %q\n", word, answer)
					os.Exit(1)
				}
			}
		}()
	}
	all.Wait()
	fmt.Println("sockets fine")
}

// streams moves a megabyte through a file and a pipe.
func streams() {
	want := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	folder, err := os.MkdirTemp("", "duress-e2e-")
	check(err)
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "stream")
	file, err := os.Create(path)
	check(err)
	for rest := want; len(rest) > 0; rest = rest[1<<12:] {
		_, err := file.Write(rest[:1<<12])
		check(err)
	}
	check(file.Close())
	saved, err := os.ReadFile(path)
	check(err)
	r, w, err := os.Pipe()
	check(err)
	go func() {
		_, err := w.Write(saved)
		check(err)
		check(w.Close())
	}()
	got, err := io.ReadAll(r)
	check(err)
	fmt.Println("streams", len(got), bytes.Equal(got, want))
}

// vanish lets a thread make a call and waits for it; another goroutine meanwhile goes on.
func vanish() {
	done := make(chan struct{})
	go func() {
		runtime.LockOSThread()
		syscall.RawSyscall(syscall.SYS_GETPGID, 0, 0, 0)
		close(done)
	}()
	go func() {
		for i := 1; i <= 5; i++ {
			time.Sleep(20 * time.Millisecond)
			text, err := os.ReadFile("/proc/self/comm")
			fmt.Printf("others %d %q %v\n", i, text, err)
		}
	}()
	<-done
	fmt.Println("it came back")
}

// serve answers each line with what getpgid gave, on a connection each, with so many threads waiting beside.
func serve(threads int) {
	for i := 0; i < threads; i++ {
		go func() {
			runtime.LockOSThread()
			for {
				pause := syscall.Timespec{Nsec: 5e6}
				syscall.Nanosleep(&pause, nil)
			}
		}()
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	fmt.Println("port", listener.Addr().(*net.TCPAddr).Port)
	for {
		conn, err := listener.Accept()
		check(err)
		go func() {
			defer conn.Close()
			line := make([]byte, 100)
			for {
				n, err := conn.Read(line)
				if err != nil {
					return
				}
				if strings.HasPrefix(string(line[:n]), "end") {
					os.Exit(0)
				}
				_, _, errno := syscall.RawSyscall(syscall.SYS_GETPGID, 0, 0, 0)
				fmt.Fprintf(conn, "errno %d\n", int(errno))
			}
		}()
	}
}

// replace lets a thread that is not the first become another program, while others are busy.
func replace() {
	for i := 0; i < 8; i++ {
		go func() {
			for {
				os.ReadFile("/proc/self/comm")
			}
		}()
	}
	go func() {
		runtime.LockOSThread()
		check(syscall.Exec(os.Args[0], []string{os.Args[0], "call"}, os.Environ()))
	}()
	select {}
}

// tree starts programs that start programs, this deep, from several threads at once.
func tree(depth int) {
	if depth == 0 {
		syscall.RawSyscall(syscall.SYS_GETPGID, 0, 0, 0)
		return
	}
	var all sync.WaitGroup
	for i := 0; i < 3; i++ {
		all.Add(1)
		go func() {
			defer all.Done()
			out, err := exec.Command(os.Args[0], "tree", strconv.Itoa(depth-1)).CombinedOutput()
			if err != nil || len(out) > 0 && depth == 1 {
				fmt.Printf("%s %v\n", out, err)
				os.Exit(1)
			}
		}()
	}
	all.Wait()
	if len(os.Args) > 3 {
		fmt.Println("tree fine")
	}
}
