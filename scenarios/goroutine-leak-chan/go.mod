module example.com/goroutine-leak-chan

go 1.21
