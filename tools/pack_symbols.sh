#!/bin/sh
# Puts the names of a program's functions, compressed, in the place of its symbol table: the section .gnu_debugdata, which elfutils (so
# Invar's own profiles), gdb and eBPF profilers read. A twentieth of the bytes. The same program gives the same bytes.
# Usage: [NM=nm] [OBJCOPY=objcopy] tools/pack_symbols.sh PROGRAM
set -eu
nm=${NM:-nm} objcopy=${OBJCOPY:-objcopy}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
"$nm" -D --format=posix --defined-only "$1" | cut -d ' ' -f 1 | LC_ALL=C sort >"$work/exported"
"$nm" --format=posix --defined-only "$1" | awk '$2 ~ /^[TtWw]$/ { print $1 }' | LC_ALL=C sort >"$work/functions"
LC_ALL=C comm -13 "$work/exported" "$work/functions" >"$work/keep"
"$objcopy" --only-keep-debug "$1" "$work/debug"
"$objcopy" --strip-all --remove-section .comment --remove-section .gnu_debuglink --keep-symbols="$work/keep" "$work/debug" "$work/names"
xz -9 -k "$work/names"
"$objcopy" --strip-all --keep-section .gnu_debuglink --add-section .gnu_debugdata="$work/names.xz" "$1"
