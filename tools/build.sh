#!/bin/sh
# Configures a preset when needed and builds targets of it. Usage: tools/build.sh PRESET [--configure-only | TARGET...]
set -eu
cd "$(dirname "$0")/.."
preset=$1
shift

# A second checkout finds the objects of the first: neither its path nor the build folder's makes them differ.
export CCACHE_NOHASHDIR=1 CCACHE_BASEDIR="$PWD" CCACHE_SLOPPINESS=pch_defines,time_macros

[ -f "build/$preset/build.ninja" ] || said=$(cmake --preset "$preset" 2>&1) || {
  printf '%s\n' "$said" >&2
  exit 1
}
[ "${1:-}" != --configure-only ] || exit 0
exec ninja -C "build/$preset" --quiet ${JOBS:+-j "$JOBS"} "$@"
