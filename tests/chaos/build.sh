#!/bin/sh
# Builds the chaos test with Debian's Go. Usage: tests/chaos/build.sh OUTPUT
set -eu
cd "$(dirname "$0")"
go=/usr/lib/go-1.19/bin/go
[ -x "$go" ] || go=go
GOFLAGS=-mod=readonly GOTOOLCHAIN=local exec "$go" build -o "$1" .
