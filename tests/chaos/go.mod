module invar.test/chaos

go 1.19
