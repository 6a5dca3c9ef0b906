module example.com/kernel5-check

go 1.21
