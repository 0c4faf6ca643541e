module invar/tests/pprof_check

go 1.19

require github.com/google/pprof v0.0.0-20230111200839-76d1ae5aea2b
