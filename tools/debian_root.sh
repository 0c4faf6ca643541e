# Sourced: a new Debian 12 root in a folder, which reaches the package sources, proxies and hosts of this machine and trusts whom it trusts.
# Needs root and debootstrap.

# make_debian_root FOLDER PACKAGE[,PACKAGE...]
make_debian_root() {
  local mirror mount
  mirror=$(apt-cache policy make | sed -n 's/^ *[0-9]* \(http[^ ]*\) bookworm\/main.*/\1/p' | head -n 1)
  debootstrap --variant=minbase --include="$2" bookworm "$1" "${mirror:?no Debian mirror is set up here}"
  for mount in dev dev/pts proc sys; do mount --rbind "/$mount" "$1/$mount"; done
  rm -f "$1/etc/apt/sources.list"
  cp -rL /etc/apt/sources.list* /etc/apt/apt.conf.d /etc/apt/trusted.gpg.d "$1/etc/apt/" 2>/dev/null || true
  cp -L /etc/resolv.conf /etc/hosts "$1/etc/" 2>/dev/null || true
  cp -rL /usr/local/share/ca-certificates/. "$1/usr/local/share/ca-certificates/" 2>/dev/null || true
  chroot "$1" update-ca-certificates >/dev/null
  find "$1/etc/apt/sources.list.d" -type f ! -name 'debian*' -delete
}

unmount_debian_root() {
  local mount
  for mount in proc sys dev/pts dev; do umount -l "$1/$mount" 2>/dev/null || true; done
}

remove_debian_root() {
  unmount_debian_root "$1"
  rm -rf --one-file-system "$1"
}
