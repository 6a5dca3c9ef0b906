module example.com/fork-fd-leak

go 1.20
