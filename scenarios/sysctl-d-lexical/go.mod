module example.com/sysctl-d-lexical

go 1.21
