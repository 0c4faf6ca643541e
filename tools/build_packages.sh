#!/bin/sh
# Builds the Debian package and the rpm of build/release into build/packages, with the same bytes for the same source.
# Usage: tools/build_packages.sh [DEB] [RPM]
set -eu
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || set -- DEB RPM
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2>/dev/null || echo 0)
export SOURCE_DATE_EPOCH
umask 022
cmake --preset release >/dev/null  # it may be of an earlier commit
tools/build.sh release invar manual
mkdir -p build/packages
for generator; do
  (cd build/release && cpack -G "$generator" -B packing >/tmp/invar-cpack.$$ 2>&1) || {
    cat /tmp/invar-cpack.$$ >&2
    exit 1
  }
done
rm -f /tmp/invar-cpack.$$
mv build/release/packing/*.deb build/release/packing/*.rpm build/packages/ 2>/dev/null || true
rm -rf build/release/packing
ls build/packages
