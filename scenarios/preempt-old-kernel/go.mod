module example.com/preempt-old-kernel

go 1.20
