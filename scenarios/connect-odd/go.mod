module example.com/connect-odd

go 1.20
