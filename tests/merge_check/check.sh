#!/bin/sh
# check.sh INVAR PROFILES: runs check/main.go with Debian's Go, or the one in $GO.
set -eu
go=${GO:-/usr/lib/go-1.19/bin/go}
[ -x "$go" ] || go=go
cd "$(dirname "$0")"
exec "$go" run ./check "$1" "$2"
