module example.com/mmap-enomem

go 1.21
