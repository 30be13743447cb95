#!/bin/bash
# Starts a member of the cluster: the entrypoint, before the image's own.
#
# After a crash, grastate.dat does not say how far this member's data goes: its seqno is -1. The database
# itself does, if asked. Without that, a member that was killed gets all data again, and if all were killed they
# trust that they have the same data, which may not be so. mysqld_safe and systemd ask; the image does not.
set -euo pipefail

state=/var/lib/mysql/grastate.dat
# No uuid, or one of zeros: it has no data of a cluster, or not all of it. It will get it.
if [[ -f $state ]] && grep -Eq '^seqno: *-1$' $state && grep -Eq '^uuid: .*[1-9a-f]' $state; then
  log=$(mariadbd "$@" --user=mysql --wsrep-recover 2>&1) || { echo "$log" >&2; exit 1; }
  position=$(sed -n 's/.*WSREP: Recovered position: *//p' <<<"$log")
  echo "start.sh: this member was not shut down, and has data up to ${position:-nowhere}"
fi
exec docker-entrypoint.sh "$@" ${position:+--wsrep-start-position="$position"}
