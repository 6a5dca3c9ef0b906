module example.com/perf-paranoid

go 1.20
