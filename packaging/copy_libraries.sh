#!/bin/sh
# Copies the shared libraries that a program needs into a folder, under the names that it asks for.
# Usage: packaging/copy_libraries.sh PROGRAM FOLDER [--with-libc]
# Without --with-libc those of the C library stay out, which belong to the system that runs it.
# SYSROOT=folder: of an ARM64 program, from the system there.
set -eu
program=$1 folder=$2
mkdir -p "$folder"
libraries() {
  if [ -n "${SYSROOT:-}" ]; then
    qemu-aarch64-static -L "$SYSROOT" "$SYSROOT/lib/ld-linux-aarch64.so.1" --list "$1"
  else
    ldd "$1"
  fi
}
libraries "$program" | sed -n 's/^\t\(\S*\) => \(\/\S*\) .*/\1 \2/p' | while read -r name path; do
  case ${3:-}:$name in
    :libc.so.*|:libm.so.*|:libdl.so.*|:libpthread.so.*|:librt.so.*|:libresolv.so.*|:*/ld-linux-*) continue ;;
  esac
  install -m 0755 "${SYSROOT:-}$path" "$folder/$name"
done
