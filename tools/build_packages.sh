#!/bin/sh
# Builds the Debian package and the rpm of build/release into build/packages, with the same bytes for the same source; with ARCH=arm64 a
# cross build of them in build/arm64 into build/packages-arm64.
# Usage: [ARCH=arm64] tools/build_packages.sh [DEB] [RPM]
set -eu
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || set -- DEB RPM
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2>/dev/null || echo 0)
export SOURCE_DATE_EPOCH
umask 022
case ${ARCH:-} in
  "" | "$(dpkg --print-architecture)") preset=release packages=build/packages ;;
  arm64)
    preset=arm64 packages=build/packages-arm64 sysroot=$PWD/build/sysroot-arm64
    tools/make_sysroot.sh arm64 "$sysroot"
    ;;
  *)
    echo "There is no cross build for $ARCH" >&2
    exit 1
    ;;
esac
cmake --preset $preset >/dev/null  # it may be of an earlier commit
tools/build.sh $preset invar manual
rm -rf build/$preset/licences
SYSROOT=${sysroot:-} python3 -B tools/write_sbom.py build/$preset/invar build/$preset/sbom.json build/$preset/licences
mkdir -p $packages
for generator; do
  said=$(cd build/$preset && cpack -G "$generator" -B packing 2>&1) || {
    printf '%s\n' "$said" >&2
    exit 1
  }
done
mv build/$preset/packing/*.deb build/$preset/packing/*.rpm $packages/ 2>/dev/null || true
rm -rf build/$preset/packing
ls $packages
