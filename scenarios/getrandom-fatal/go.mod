module example.com/getrandom-fatal

go 1.21
