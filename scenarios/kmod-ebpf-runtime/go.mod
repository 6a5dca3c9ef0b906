module example.com/kmod-ebpf-runtime

go 1.21
