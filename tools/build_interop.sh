#!/bin/sh
# Builds the Go programs that the tests talk to (tests/interop) with Debian's Go. Usage: tools/build_interop.sh OUTPUT-FOLDER
set -eu
cd "$(dirname "$0")/../tests/interop"
go=/usr/lib/go-1.19/bin/go
[ -x "$go" ] || go=go
GOFLAGS=-mod=readonly GOTOOLCHAIN=local exec "$go" build -o "$1/" ./cmd/...
