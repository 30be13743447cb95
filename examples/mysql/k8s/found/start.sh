#!/bin/sh
# Starts the database as its image does, and founds the cluster where the agent says that this is safe.
set -eu
. /peers/peers.env
case "$PEERS_BOOTSTRAP" in
  first) set -- "$@" --wsrep-new-cluster ;;
  join) ;;
  *) echo "not started: it is not known whether there is a cluster" >&2; exit 1 ;;
esac
exec docker-entrypoint.sh "$@"
