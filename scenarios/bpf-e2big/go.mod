module example.com/bpf-e2big

go 1.21
