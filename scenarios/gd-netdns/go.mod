module example.com/gd-netdns

go 1.21
