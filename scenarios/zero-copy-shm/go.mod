module example.com/zero-copy-shm

go 1.21
