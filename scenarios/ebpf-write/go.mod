module example.com/ebpf-write

go 1.21
