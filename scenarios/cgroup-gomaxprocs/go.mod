module example.com/cgroup-gomaxprocs

go 1.21
