module example.com/nsenter-userns

go 1.20
