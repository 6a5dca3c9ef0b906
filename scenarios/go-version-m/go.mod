module example.com/go-version-m

go 1.20
