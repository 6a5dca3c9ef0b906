module example.com/splice-einval

go 1.20
