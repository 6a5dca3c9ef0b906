module example.com/pthread-create-failed

go 1.20
