module example.com/sendfile-stall

go 1.20
