module example.com/eintr-cgroup-write

go 1.20
