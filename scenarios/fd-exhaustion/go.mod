module example.com/fd-exhaustion

go 1.21
