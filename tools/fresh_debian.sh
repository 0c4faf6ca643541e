#!/bin/bash
# Proves the README's two commands in a new Debian 12 root: debootstrap into a folder, clone, `make run`, `make test`.
# Needs root. Usage: tools/fresh_debian.sh [FOLDER]; the folder is removed at the end unless KEEP=1.
# The package mirror and name resolution are those of this machine.
set -euo pipefail
cd "$(dirname "$0")/.."
root=${1:-$(mktemp -d /var/tmp/invar-fresh.XXXXXX)}
source_dir=$PWD

cleanup() {
  for mount in proc sys dev/pts dev; do umount -l "$root/$mount" 2>/dev/null || true; done
  [ -n "${KEEP:-}" ] || rm -rf "$root"
}
trap cleanup EXIT

mirror=$(apt-cache policy make | sed -n 's/^ *[0-9]* \(http[^ ]*\) bookworm\/main.*/\1/p' | head -n 1)
debootstrap --variant=minbase --include=git,make,ca-certificates bookworm "$root" "${mirror:?no Debian mirror is set up here}"
for mount in dev dev/pts proc sys; do mount --rbind "/$mount" "$root/$mount"; done
# The new root reaches the same package sources, proxies and hosts as this machine, and trusts whom it trusts.
rm -f "$root/etc/apt/sources.list"
cp -rL /etc/apt/sources.list* /etc/apt/apt.conf.d /etc/apt/trusted.gpg.d "$root/etc/apt/" 2>/dev/null || true
cp -L /etc/resolv.conf /etc/hosts "$root/etc/" 2>/dev/null || true
cp -rL /usr/local/share/ca-certificates/. "$root/usr/local/share/ca-certificates/" 2>/dev/null || true
chroot "$root" update-ca-certificates >/dev/null
find "$root/etc/apt/sources.list.d" -type f ! -name 'debian*' -delete

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
