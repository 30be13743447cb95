#!/bin/bash
# Starts a member of the cluster: the entrypoint, before the image's own.
#
# After a crash, grastate.dat does not say how far this member's data goes: its seqno is -1. The database
# itself does, if asked. Without that, a member that was killed gets all data again, and if all were killed they
# trust that they have the same data, which may not be so. mysqld_safe and systemd ask; the image does not.
#
# FOUND, which only Kubernetes' steps for founding set, has a member found the cluster:
#   advised  if the agent says that this is safe (docs/bootstrap.md), for the very first start
#   last     if Galera has noted that this member was the last one to leave, so that it has all that was written
#   db-N     if it is this member, whatever Galera has noted
set -euo pipefail

state=/var/lib/mysql/grastate.dat
founds=
case ${FOUND:-} in
  '') ;;
  advised)
    # shellcheck disable=SC1091  # the agent writes it
    . /peers/peers.env
    case $PEERS_BOOTSTRAP in
      first) founds=yes ;;
      join) ;;
      *) echo 'start.sh: not started: it is not known whether there is a cluster' >&2; exit 1 ;;
    esac ;;
  last) if grep -qs '^safe_to_bootstrap: *1$' $state; then founds=yes; fi ;;
  "$HOSTNAME")
    [[ -f $state ]] || { echo 'start.sh: not started: FOUND names this member, which has no data' >&2; exit 1; }
    sed -i '/^safe_to_bootstrap:/s/0/1/' $state
    founds=yes ;;
  *) echo "start.sh: FOUND is $FOUND, which is not this member" ;;
esac

# No uuid, or one of zeros: it has no data of a cluster, or not all of it. It will get it.
if [[ -f $state ]] && grep -Eq '^seqno: *-1$' $state && grep -Eq '^uuid: .*[1-9a-f]' $state; then
  log=$(mariadbd "$@" --user=mysql --wsrep-recover 2>&1) || { echo "$log" >&2; exit 1; }
  position=$(sed -n 's/.*WSREP: Recovered position: *//p' <<<"$log")
  echo "start.sh: this member was not shut down, and has data up to ${position:-nowhere}"
fi
# Nobody founds beside a cluster: clients would write into both, and one of them is lost. The user is
# initdb.d/users.sql's, the names are the agent's.
if [[ $founds || " $* " == *' --wsrep-new-cluster '* ]]; then
  value() { sed -n "s/^$1 *= *\"\?\([^\"]*\)\"\?\$/\1/p" /peers/peers.cnf; }
  me=$(value report_host) members=$(value wsrep_cluster_address)
  for member in $(tr , ' ' <<<"${members#gcomm://}"); do
    member=${member%:[0-9]*}
    [[ $member != "$me" ]] || continue
    status=$(mariadb --no-defaults --host="$member" --user=haproxy --connect-timeout=3 --skip-column-names \
      --execute="SHOW STATUS LIKE 'wsrep_cluster_status'" 2>/dev/null) || continue
    if [[ $status == *Primary && $status != *non-Primary ]]; then
      echo "start.sh: not started: $member is in a cluster, so start this member without --wsrep-new-cluster" >&2
      exit 1
    fi
  done
fi
exec docker-entrypoint.sh "$@" ${founds:+--wsrep-new-cluster} ${position:+--wsrep-start-position="$position"}
