#!/bin/sh
# Starts the database as its image does, and founds the cluster where Galera has noted that this member was
# the last to leave it: only that one has all that was written.
set -eu
if grep -qs '^safe_to_bootstrap: 1$' /var/lib/mysql/grastate.dat; then
  set -- "$@" --wsrep-new-cluster
fi
exec docker-entrypoint.sh "$@"
