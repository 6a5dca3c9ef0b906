module example.com/cpuprof-perf

go 1.19
