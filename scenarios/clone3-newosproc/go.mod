module example.com/clone3-newosproc

go 1.21
