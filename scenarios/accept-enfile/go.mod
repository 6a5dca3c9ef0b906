module example.com/accept-enfile

go 1.12
