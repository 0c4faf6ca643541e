#!/bin/sh
# Builds everything that is shipped into build/dist, with the same bytes for the same source. Usage: tools/build_release.sh
set -eu
cd "$(dirname "$0")/.."
version=$(tools/version.sh)
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2>/dev/null || echo 0)
export SOURCE_DATE_EPOCH
dist=build/dist
architecture=$(dpkg --print-architecture)
rm -rf $dist build/packages build/licences build/release-site
mkdir -p $dist
tools/build_packages.sh >/dev/null
tools/build_image.sh --root-only
tools/build_site.sh build/release-site
archive() {  # NAME FOLDER FILE...: a tar that depends on nothing but its content
  name=$1 folder=$2
  shift 2
  tar -C "$folder" --sort=name --owner=0 --group=0 --numeric-owner --mode=u+rw,go=rX --mtime="@$SOURCE_DATE_EPOCH" -cf - "$@" |
    gzip -9n >"$dist/$name"
}
cp build/packages/* $dist/
cp build/release/invar "$dist/invar-linux-$architecture"
xz -2 -c build/release/invar.debug >"$dist/invar-linux-$architecture.debug.xz"
python3 -B tools/write_sbom.py build/release/invar $dist/sbom.cdx.json build/licences
archive licences.tar.gz build licences
archive invar-image-root.tar.gz build/image root
archive invar-compose.tar.gz packaging compose
archive invar-mixin.tar.gz packaging mixin
archive invar-site.tar.gz build/release-site .
archive "invar-chart-$version.tgz" packaging/helm invar
(cd $dist && sha256sum -- * >SHA256SUMS)
ls -la $dist
