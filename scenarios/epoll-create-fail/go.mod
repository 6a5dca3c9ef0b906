module example.com/epoll-create-fail

go 1.20
