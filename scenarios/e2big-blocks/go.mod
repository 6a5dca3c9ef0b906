module example.com/e2big-blocks

go 1.19
