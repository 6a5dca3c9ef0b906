module example.com/write-overcount

go 1.20
