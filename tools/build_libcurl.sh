#!/bin/sh
# Builds the installed version of libcurl from Debian's source package with HTTP and nothing else, for the image: Debian's own brings the
# libraries of LDAP, RTMP, SSH and Kerberos along, 7 MB that Invar never calls. Same interface and symbol versions, Debian's patches.
# Needs package sources that have the source, too; this machine's own are asked. Once a version.
# Usage: tools/build_libcurl.sh FOLDER: FOLDER/libcurl.so.4
set -eu
mkdir -p "$1"
cd "$1"
here=$PWD
version=$(dpkg-query -W -f '${source:Version}' libcurl4)
[ "$(cat built 2>/dev/null)" != "$version" ] || exit 0
rm -rf built source fetched
mkdir -p fetched/lists/partial fetched/parts

# The machine's sources, as sources of source packages, in a folder of our own: nothing of the machine changes.
for file in /etc/apt/sources.list /etc/apt/sources.list.d/debian*; do
  case $file in
    *.list) [ ! -f "$file" ] || sed 's/^deb /deb-src /' "$file" >"fetched/parts/$(basename "$file")" ;;
    *.sources) sed 's/^Types:.*/Types: deb-src/' "$file" >"fetched/parts/$(basename "$file")" ;;
  esac
done
apt() {
  apt-get -qq -o Dir::Etc::sourcelist=/dev/null -o "Dir::Etc::sourceparts=$here/fetched/parts" -o "Dir::State::lists=$here/fetched/lists" \
    -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= -o APT::Sandbox::User=root "$@" >>"$here/fetched/log" 2>&1
}
{ apt update && (cd fetched && apt source --download-only "curl=$version"); } || {
  cat fetched/log >&2
  echo "The source of curl $version cannot be had: is libcurl4 current, and do this machine's package sources have it?" >&2
  exit 1
}
(cd fetched && dpkg-source --no-check -x curl_*.dsc ../source >>log)

landing_pads=-fcf-protection=full
[ "$(uname -m)" != aarch64 ] || landing_pads=-mbranch-protection=standard
echo 'CURL_OPENSSL_4 { global: curl_*; local: *; };' >symbols.map
cmake -S source -B source/out -G Ninja -DCMAKE_BUILD_TYPE=Release \
  -DCMAKE_C_FLAGS="-fstack-protector-strong $landing_pads -D_FORTIFY_SOURCE=2 -ffile-prefix-map=$PWD=." \
  -DCMAKE_SHARED_LINKER_FLAGS="-Wl,--version-script=$PWD/symbols.map,-z,relro,-z,now,--as-needed -s" \
  -DBUILD_CURL_EXE=OFF -DBUILD_TESTING=OFF -DHTTP_ONLY=ON -DUSE_NGHTTP2=ON -DUSE_LIBIDN2=ON -DCURL_BROTLI=ON -DCURL_ZSTD=ON \
  -DCURL_USE_LIBPSL=OFF -DCURL_USE_LIBSSH2=OFF -DCURL_CA_BUNDLE=/etc/ssl/certs/ca-certificates.crt -DCURL_CA_PATH=/etc/ssl/certs \
  >fetched/log 2>&1 || { cat fetched/log >&2; exit 1; }
ninja -C source/out ${JOBS:+-j "$JOBS"} libcurl >fetched/log 2>&1 || { cat fetched/log >&2; exit 1; }
cp -L source/out/lib/libcurl.so.4 libcurl.so.4
rm -rf source fetched
echo "$version" >built
