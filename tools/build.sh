#!/bin/sh
# Configures a preset when needed and builds targets of it. Usage: tools/build.sh PRESET [--configure-only | TARGET...]
set -eu
cd "$(dirname "$0")/.."
preset=$1
shift

# Identical objects of different presets and folders share the cache; debug paths do not make them differ.
export CCACHE_NOHASHDIR=1

[ -f "build/$preset/build.ninja" ] || cmake --preset "$preset" >"/tmp/invar-configure.$$" 2>&1 || {
  cat "/tmp/invar-configure.$$" >&2
  rm -f "/tmp/invar-configure.$$"
  exit 1
}
rm -f "/tmp/invar-configure.$$"
[ "${1:-}" != --configure-only ] || exit 0
exec ninja -C "build/$preset" --quiet ${JOBS:+-j "$JOBS"} "$@"
