module example.com/mptcp

go 1.24
