module example.com/ctx-timeout-ignored

go 1.21
