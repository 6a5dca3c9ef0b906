module example.com/statx-eperm

go 1.21
