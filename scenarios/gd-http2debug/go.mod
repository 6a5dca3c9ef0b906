module example.com/gd-http2debug

go 1.21
