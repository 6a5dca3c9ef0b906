module example.com/forkexec-eagain

go 1.21
