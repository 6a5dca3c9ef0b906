module example.com/timer-create

go 1.21
