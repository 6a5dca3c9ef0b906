module example.com/go-btf

go 1.21
