module example.com/cgo0-net-user

go 1.21
