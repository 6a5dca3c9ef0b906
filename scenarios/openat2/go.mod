module example.com/openat2

go 1.21
