module example.com/udp-gso

go 1.20
