module example.com/first-steps

go 1.19
