module example.com/gd-unknown-silent

go 1.21
