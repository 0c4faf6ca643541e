#!/bin/sh
# check.sh delta|merge PROGRAM PROFILES: runs a checker of this folder with Debian's Go, or the one in $GO.
set -eu
go=${GO:-/usr/lib/go-1.19/bin/go}
[ -x "$go" ] || go=go
cd "$(dirname "$0")"
exec "$go" run "./$1" "$2" "$3"
