#!/bin/sh
# Builds everything that is shipped into build/dist, with the same bytes for the same source. Usage: tools/build_release.sh
set -eu
cd "$(dirname "$0")/.."
tools/build_packages.sh >/dev/null
tools/build_image.sh --root-only
version=$(build/release/invar version | sed -n 's/^invar, version \(\S*\).*/\1/p')
when=@$(git log -1 --format=%ct 2>/dev/null || echo 0)
dist=build/dist
rm -rf $dist build/licences
mkdir -p $dist
archive() {  # NAME FOLDER FILE...: a tar that depends on nothing but its content
  name=$1 folder=$2
  shift 2
  tar -C "$folder" --sort=name --owner=0 --group=0 --numeric-owner --mtime="$when" -cf - "$@" | gzip -9n >"$dist/$name"
}
cp build/packages/* $dist/
cp build/release/invar $dist/invar-linux-amd64
cp build/release/invar.debug $dist/invar-linux-amd64.debug
python3 -B tools/write_sbom.py build/release/invar $dist/sbom.cdx.json build/licences
archive licences.tar.gz build licences
archive invar-image-root.tar.gz build/image root
archive invar-mixin.tar.gz packaging mixin
archive "invar-chart-${version#v}.tgz" packaging/helm invar
(cd $dist && sha256sum -- * >SHA256SUMS)
ls -la $dist
