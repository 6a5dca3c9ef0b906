module example.com/keyctl-quota

go 1.20
