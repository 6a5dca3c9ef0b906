module example.com/getdents-loss

go 1.20
