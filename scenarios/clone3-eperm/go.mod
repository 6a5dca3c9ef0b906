module example.com/clone3-eperm

go 1.21
