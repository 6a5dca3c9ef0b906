module example.com/every-fault

go 1.20
