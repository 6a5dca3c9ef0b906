module example.com/nofile-autoraise

go 1.20
