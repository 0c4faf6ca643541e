#!/bin/sh
# Builds the container image from build/release with `docker build` (DOCKER: another command, podman say).
# Usage: tools/build_image.sh [NAME:TAG]   or   tools/build_image.sh --root-only: only its folder, build/image/root
set -eu
cd "$(dirname "$0")/.."
name=${1:-invar:latest}
root=build/image/root
cmake --preset release >/dev/null  # it may be of an earlier commit
tools/build.sh release invar
rm -rf build/image
umask 022
mkdir -p $root/usr/bin $root/etc/invar $root/etc/ssl/certs $root/tmp build/image/state/invar
chmod 1777 $root/tmp
cp build/release/invar $root/usr/bin/invar
tools/build_libcurl.sh build/libcurl
LD_LIBRARY_PATH=$PWD/build/libcurl packaging/copy_libraries.sh build/release/invar "$root/lib/$(dpkg-architecture -q DEB_HOST_MULTIARCH)" --with-libc
loader=$(readelf -p .interp build/release/invar | sed -n 's/.*\(\/lib[^ ]*\)$/\1/p')
install -D "$loader" "$root$loader"
cp /etc/ssl/certs/ca-certificates.crt $root/etc/ssl/certs/
cp build/release/config.alloy $root/etc/invar/
mkdir -p $root/usr/share/doc/invar
python3 -B tools/write_sbom.py build/release/invar $root/usr/share/doc/invar/sbom.cdx.json $root/usr/share/doc/invar/licences
gzip -9nr $root/usr/share/doc/invar/licences
echo 'hosts: files dns' >$root/etc/nsswitch.conf
printf 'root:x:0:0:root:/:/sbin/nologin\ninvar:x:65532:65532:Invar:/var/lib/invar:/sbin/nologin\n' >$root/etc/passwd
printf 'root:x:0:\ninvar:x:65532:\n' >$root/etc/group
# The same source gives the same files.
find build/image -exec touch -h -d "@$(git log -1 --format=%ct 2>/dev/null || echo 0)" {} +
cp packaging/image/Dockerfile build/image/
[ "$name" != --root-only ] || exit 0
${DOCKER:-docker} build -q -t "$name" build/image
