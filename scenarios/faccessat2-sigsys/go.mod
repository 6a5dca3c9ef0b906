module example.com/faccessat2-sigsys

go 1.20
