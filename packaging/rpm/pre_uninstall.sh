if [ "$1" = 0 ] && [ -d /run/systemd/system ]; then
  systemctl disable --quiet --now invar.service || :
fi
