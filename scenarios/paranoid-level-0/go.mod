module example.com/paranoid-level-0

go 1.20
