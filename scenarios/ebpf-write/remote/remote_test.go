// Package remote watches a server of remote calls. (In a package of its own, as
// it takes package net.)
package remote

import (
	"debug/elf"
	"net"
	"net/rpc"
	"os"
	"strings"
	"syscall"
	"testing"

	"example.com/ebpf-write/bpf"
)

// Referee is the service.
type Referee struct{}

// Throw answers with what beats a hand.
func (Referee) Throw(hand int, beats *int) error {
	*beats = (hand + 1) % 3
	return nil
}

// serve serves one client over TCP, and gives the client.
func serve(t *testing.T) *rpc.Client {
	t.Helper()
	server := rpc.NewServer()
	if err := server.Register(Referee{}); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		if conn, err := listener.Accept(); err == nil {
			server.ServeConn(conn)
		}
	}()
	client, err := rpc.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}

// dispatch is where the server calls what was asked for.
const dispatch = "net/rpc.(*service).call"

// TestDispatch counts the server's calls from outside.
func TestDispatch(t *testing.T) {
	file, err := elf.Open("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	address, err := bpf.Address(file, dispatch)
	if err != nil {
		t.Fatal(err)
	}
	hits, err := bpf.NewArray(1)
	if err != nil {
		t.Fatal(err)
	}
	defer hits.Close()
	prog, err := bpf.Load(bpf.Kprobe, bpf.CountHits(hits, os.Getpid()))
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(prog)
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	client := serve(t)
	event, err := bpf.AttachUprobe(path, bpf.FileOffset(file, address), prog)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(event)
	const calls = 100
	right := 0
	for hand := 0; hand < calls; hand++ {
		var beats int
		if err := client.Call("Referee.Throw", hand, &beats); err != nil {
			t.Fatal(err)
		}
		if beats == (hand+1)%3 {
			right++
		}
	}
	t.Logf("calls=%d right=%d hits=%d", calls, right, hits.Get(0))
}

// TestHookPoints looks for functions by name, where a kprobe could find them
// and where a uprobe could.
func TestHookPoints(t *testing.T) {
	symbols, err := os.ReadFile("/proc/kallsyms")
	if err != nil {
		t.Fatal(err)
	}
	file, err := elf.Open("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	table, err := bpf.FunctionTable(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"tcp_sendmsg", dispatch, "grpc_server_request_call", "grpc_call_start_batch"} {
		inKernel := strings.Count(string(symbols), " "+name+"\n")
		inServer := 0
		for _, f := range table.Funcs {
			if f.Name == name {
				inServer++
			}
		}
		t.Logf("%s: kernel %d, server %d", name, inKernel, inServer)
	}
}
