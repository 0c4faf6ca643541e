#!/bin/sh
# Installs the Debian packages of tools/packages.txt that are missing. Usage: tools/install_packages.sh SECTION...
# Asks dpkg only (fast when nothing is missing); uses sudo when not root.
set -eu
here=$(dirname "$0")

wanted=$(awk -v sections=" $* " '
  /^#/ || /^$/ { next }
  /^\[/ { name = substr($0, 2, length($0) - 2); take = index(sections, " " name " "); next }
  take { print $1 ":" $2 }' "$here/packages.txt")

missing=
for entry in $wanted; do
  package=${entry%%:*} instead=${entry#*:}
  if [ -n "$instead" ] && command -v "$instead" >/dev/null; then continue; fi
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null; then
  echo "Invar builds on Debian 12; these packages are missing here:$missing" >&2
  exit 1
fi
as_root=
if [ "$(id -u)" != 0 ]; then
  if ! command -v sudo >/dev/null; then
    echo "Please install these packages as root, then run make again:" >&2
    echo "  apt-get install$missing" >&2
    exit 1
  fi
  as_root=sudo
fi
echo "Installing missing packages:$missing"
export DEBIAN_FRONTEND=noninteractive
# Test programs such as nginx are started by the tests themselves: keep the package manager from starting services.
$as_root apt-get update -qq
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
