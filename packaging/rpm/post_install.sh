getent group invar >/dev/null || groupadd -r invar
getent passwd invar >/dev/null || useradd -r -g invar -d /var/lib/invar -s /sbin/nologin -c "Invar profile collector" invar
[ -d /var/lib/invar ] || install -d -o invar -g invar -m 0750 /var/lib/invar
if [ -d /run/systemd/system ]; then
  systemctl daemon-reload
  # What does not start (port 12345 may be taken) is installed all the same.
  if [ "$1" = 1 ]; then systemctl enable --quiet --now invar.service; else systemctl try-restart invar.service; fi ||
    echo "invar.service did not start; see: journalctl -u invar" >&2
fi
