#!/bin/bash
# Proves the README's two commands in a new Debian 12 root: debootstrap into a folder, clone, `make run`, `make test`.
# Needs root. Usage: tools/fresh_debian.sh [FOLDER]; the folder is removed at the end unless KEEP=1.
# The package mirror and name resolution are those of this machine.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/debian_root.sh
root=${1:-$(mktemp -d /var/tmp/invar-fresh.XXXXXX)}
source_dir=$PWD

cleanup() {
  if [ -n "${KEEP:-}" ]; then unmount_debian_root "$root"; else remove_debian_root "$root"; fi
}
trap cleanup EXIT
trap 'exit 1' HUP INT TERM

make_debian_root "$root" git,make,ca-certificates
git clone -q "$source_dir" "$root/root/invar"
run() { chroot "$root" /usr/bin/env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin TERM=dumb \
  ${GOPROXY:+GOPROXY="$GOPROXY"} ${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} \
  sh -c "cd /root/invar && $1"; }

echo "== make run (stopped by SIGINT after a minute of profiles)"
run 'make build'
run 'timeout --signal=INT --kill-after=10 60 make run' || [ $? = 124 ]
run 'ls data-invar/archive/*.pb.gz | head -n 3'
echo "== make test"
run 'make test'
echo "Both commands passed in a fresh Debian 12."
