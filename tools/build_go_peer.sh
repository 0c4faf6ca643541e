#!/bin/sh
# Builds a program of tests/peers/FOLDER with Debian's Go, once for each state of its sources, and prints where it is. It may take minutes, so what it
# makes stays outside of the tree, in ~/.cache/invar-test-peers. Usage: tools/build_go_peer.sh FOLDER PACKAGE
set -eu
cd "$(dirname "$0")/../tests/peers/$1"
go=/usr/lib/go-1.19/bin/go
[ -x "$go" ] || go=$(command -v go) || {
  echo "Go is not installed (package golang-go)" >&2
  exit 1
}
cache=${XDG_CACHE_HOME:-$HOME/.cache}/invar-test-peers
sources="go.mod go.sum"
# A program of our own, here or in a folder of its name.
[ ! -f main.go ] || sources="$sources $(echo ./*.go)"
[ ! -d "$(basename "$2")" ] || sources="$sources $(echo "$(basename "$2")"/*.go)"
# shellcheck disable=SC2086
program=$cache/$(basename "$2")-$(cat $sources | sha256sum | cut -c 1-12)
if [ ! -x "$program" ]; then
  mkdir -p "$cache"
  GOFLAGS=-mod=readonly GOTOOLCHAIN=local CGO_ENABLED=0 "$go" build -trimpath -ldflags='-s -w' -o "$program.new.$$" "$2" >&2
  mv "$program.new.$$" "$program"
fi
echo "$program"
