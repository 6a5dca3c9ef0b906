module example.com/inotify-limits

go 1.20
