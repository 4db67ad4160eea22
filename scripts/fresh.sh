#!/usr/bin/env bash
# Runs a command of this repository's last commit in a fresh Debian, where nothing happens to be installed already. As root:
#
#   scripts/fresh.sh FOLDER [COMMAND ...]      COMMAND: scripts/quickstart.sh, then scripts/test.sh, if none is given
#
# FOLDER is filled by debootstrap (bookworm; SUITE=noble MIRROR=... for another) unless it has a system already. Mounts are private to the
# run and end with it.
set -euo pipefail
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
[ $# -ge 1 ] || { sed -n '2,7s/^# \{0,1\}//p' "$0"; exit 1; }
folder=$1
shift
[ $# -gt 0 ] || set -- bash -c 'scripts/quickstart.sh && scripts/test.sh'

[ -e "$folder/bin/bash" ] || debootstrap "${SUITE:-bookworm}" "$folder" ${MIRROR:+"$MIRROR"}
rm -rf "$folder/srv/hawser"
git clone -q "$repository" "$folder/srv/hawser"
cp /etc/resolv.conf "$folder/etc/resolv.conf"

# The mounts live in a namespace of this command's own.
exec unshare --mount --propagation private bash -c '
  set -eu
  folder=$1
  shift
  for what in proc sys dev; do mount --rbind "/$what" "$folder/$what"; done
  exec chroot "$folder" env -i HOME=/ TERM="${TERM:-dumb}" LC_ALL=C.UTF-8 \
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    bash -c "cd /srv/hawser && exec \"\$@\"" fresh "$@"
' fresh "$folder" "$@"
