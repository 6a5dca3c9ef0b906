module example.com/futex-time64-einval

go 1.21
