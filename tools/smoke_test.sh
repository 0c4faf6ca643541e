#!/bin/bash
# Proves the Debian package in a new Debian 12 root: apt installs it with what it depends on, it profiles a Go program into an archive, a
# newer version takes over configuration and profiles, a reload works, and removing and purging leave what they should.
# Needs root. Usage: tools/smoke_test.sh DEB [FOLDER]; the folder is removed at the end.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/debian_root.sh
deb=$(realpath "$1")
root=${2:-$(mktemp -d /var/tmp/invar-smoke.XXXXXX)}
trap 'remove_debian_root "$root"' EXIT
trap 'exit 1' HUP INT TERM
go_program=$PWD/build/interop/target
tools/build_interop.sh "$PWD/build/interop"

make_debian_root "$root" ca-certificates
chmod 755 "$root"
cp "$deb" "$root/root/first.deb"
cp $go_program "$root/usr/local/bin/target"
# The same files as the next version.
dpkg-deb -R "$deb" "$root/root/next"
sed -i 's/^Version: .*/&+next/' "$root/root/next/DEBIAN/control"
dpkg-deb --root-owner-group -b "$root/root/next" "$root/root/second.deb" >/dev/null
rm -rf "$root/root/next"

cat >"$root/root/smoke.sh" <<'INSIDE'
set -eux
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends /root/first.deb util-linux systemd >/dev/null
systemd-analyze verify --man=no /lib/systemd/system/invar.service /lib/systemd/system/invar.socket
systemd-analyze security --offline=true --threshold=30 /lib/systemd/system/invar.service | tail -n 1
test "$(stat -c %U:%a /var/lib/invar)" = invar:750
invar validate /etc/invar/config.alloy

/usr/local/bin/target >/root/target.said &
target=$!
for i in $(seq 100); do grep -q listening /root/target.said && break; sleep 0.1; done
cat >>/etc/invar/config.alloy <<CONFIG
pyroscope.scrape "smoke" {
  targets         = [{"__address__" = "$(awk '{ print $2; exit }' /root/target.said)", "service_name" = "smoke"}]
  forward_to      = [pyroscope.fsdump.smoke.receiver]
  scrape_interval = "2s"
  scrape_timeout  = "2s"
}
pyroscope.fsdump "smoke" {
  target_directory = "/var/lib/invar/smoke"
}
CONFIG
profiles() { invar archive ls --selector "{service_name=\"smoke\", __name__=\"$1\"}" /var/lib/invar/smoke 2>/dev/null | grep -c pb.gz; }
run() {  # as the unit does, until there are profiles of the program
  (cd /var/lib/invar && exec setpriv --reuid invar --regid invar --clear-groups --no-new-privs \
    invar run --storage.path=/var/lib/invar /etc/invar/config.alloy >/root/invar.said 2>&1) &
  invar=$!
  for i in $(seq 600); do [ "$(profiles goroutine)" -ge "$1" ] && [ "$(profiles process_cpu)" -ge "$1" ] && break; sleep 0.1; done
  invar healthcheck
  kill -HUP $invar
  for i in $(seq 100); do grep -q 'config reloaded' /root/invar.said && break; sleep 0.1; done
  grep 'config reloaded' /root/invar.said
  kill $invar
  wait $invar
  [ "$(profiles goroutine)" -ge "$1" ]
}
run 1
invar archive top --selector '{service_name="smoke", __name__="goroutine"}' /var/lib/invar/smoke | grep 'main\.main'

apt-get install -y -qq --no-install-recommends /root/second.deb >/dev/null
dpkg-query -W -f '${Version}\n' invar | grep '+next$'
grep smoke /etc/invar/config.alloy
run $(($(profiles goroutine) + 1))

apt-get remove -y -qq invar >/dev/null
test ! -e /usr/bin/invar -a -e /etc/invar/config.alloy -a -e /var/lib/invar/smoke
apt-get purge -y -qq invar >/dev/null
test ! -e /etc/invar -a ! -e /var/lib/invar -a ! -e /etc/default/invar
if getent passwd invar; then exit 1; fi
kill $target
INSIDE
chroot "$root" /usr/bin/env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin TERM=dumb \
  ${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} sh /root/smoke.sh
echo "The package passed in a fresh Debian 12."
