#!/bin/sh
# Copies the shared libraries that a program needs into a folder, under the names that it asks for.
# Usage: packaging/copy_libraries.sh PROGRAM FOLDER [--with-libc]
# Without --with-libc those of the C library stay out, which belong to the system that runs it.
set -eu
program=$1 folder=$2
mkdir -p "$folder"
ldd "$program" | sed -n 's/^\t\(\S*\) => \(\/\S*\) .*/\1 \2/p' | while read -r name path; do
  case ${3:-}:$name in
    :libc.so.*|:libm.so.*|:libdl.so.*|:libpthread.so.*|:librt.so.*|:libresolv.so.*) continue ;;
  esac
  install -m 0755 "$path" "$folder/$name"
done
