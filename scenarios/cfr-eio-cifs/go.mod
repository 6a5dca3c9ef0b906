module example.com/cfr-eio-cifs

go 1.20
