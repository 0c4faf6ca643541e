#!/bin/sh
# Unpacks what Debian 12 has for another processor into a folder that a cross build takes as its system: the libraries of [build] in
# tools/packages.txt and what they need, from the package sources of this machine, which itself stays as it is. No root. Once a list.
# The folder has a database of packages that suffices for dpkg-shlibdeps.
# Usage: tools/make_sysroot.sh ARCHITECTURE FOLDER, the architecture as dpkg names it
set -eu
cd "$(dirname "$0")/.."
architecture=$1
libraries=$(awk '/^\[/ { build = $0 == "[build]" } build && /-dev$/ { print $1 }' tools/packages.txt)
made="$libraries $(cksum <tools/make_sysroot.sh) $(realpath -m "$2")"
[ "$(cat "$2/made" 2>/dev/null)" != "$made" ] || exit 0
rm -rf "$2"
mkdir -p "$2"
root=$(realpath "$2")
fetched=$root/fetched
database=$root/var/lib/dpkg
mkdir -p "$fetched/lists/partial" "$fetched/archives/partial" "$fetched/parts" "$database/info" "$database/updates" "$root/usr/lib"
ln -s usr/lib "$root/lib"
cp /etc/apt/sources.list /etc/apt/sources.list.d/debian* "$fetched/parts/" 2>/dev/null || true
: >"$fetched/status"
apt() {
  apt-get -qq -o APT::Architecture="$architecture" -o APT::Architectures::="$architecture" -o Dir::Etc::sourcelist=/dev/null \
    -o Dir::Etc::sourceparts="$fetched/parts" -o Dir::State="$fetched" -o Dir::State::status="$fetched/status" -o Dir::Cache="$fetched" \
    -o APT::Sandbox::User=root "$@" >>"$fetched/log" 2>&1
}
# shellcheck disable=SC2086
{ apt update && apt install --yes --no-install-recommends --download-only $libraries; } || {
  cat "$fetched/log" >&2
  echo "The libraries of $architecture cannot be had: do this machine's package sources have that architecture?" >&2
  exit 1
}
echo 1 >"$database/info/format"
for deb in "$fetched"/archives/*.deb; do
  dpkg-deb --fsys-tarfile "$deb" | tar -x --keep-directory-symlink -C "$root"
  { dpkg-deb -f "$deb" && printf 'Status: install ok installed\n\n'; } >>"$database/status"
  info=$database/info/$(dpkg-deb -f "$deb" Package)
  [ "$(dpkg-deb -f "$deb" Multi-Arch)" != same ] || info=$info:$architecture
  dpkg-deb --fsys-tarfile "$deb" | tar -t | sed "s|^\./lib/|./usr/lib/|; s|^\.|$root|" >"$info.list"
  for part in symbols shlibs; do
    dpkg-deb --ctrl-tarfile "$deb" | tar -x --to-stdout "./$part" >"$info.$part" 2>/dev/null || rm "$info.$part"
  done
done
find "$root/usr/share/doc" -type f ! -name copyright -delete
# A link to /lib/... means the library in here.
find "$root" -type l -lname '/*' -printf '%l\t%p\n' | while read -r target link; do ln -sfnr "$root$target" "$link"; done
rm -rf "$fetched"
echo "$made" >"$root/made"
