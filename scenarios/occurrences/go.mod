module example.com/occurrences

go 1.19
