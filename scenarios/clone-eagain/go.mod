module example.com/clone-eagain

go 1.21
