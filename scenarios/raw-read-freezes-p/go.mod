module example.com/raw-read-freezes-p

go 1.21
