module example.com/race-needs-perf

go 1.19
