module example.com/strace-to-godebug

go 1.21
