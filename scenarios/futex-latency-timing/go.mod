module example.com/futex-latency-timing

go 1.19
