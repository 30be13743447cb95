#!/bin/sh
# What the official image's entrypoint does to an example, in words of our own:
# https://github.com/docker-library/cassandra/blob/master/5.0/docker-entrypoint.sh
set -eu
if [ "$1" = cassandra ] && [ "$(id -u)" = 0 ]; then
  # Root gives the folders to the user cassandra, and becomes that.
  chown -R cassandra "$CASSANDRA_CONF" /var/lib/cassandra /var/log/cassandra
  exec setpriv --reuid=cassandra --regid=cassandra --init-groups "$0" "$@"
fi
if [ "$1" = cassandra ]; then
  # Its own address becomes the only seed of the file that the image brings along: a node that
  # reads that file founds a ring of its own.
  own=$(hostname -i | cut -d ' ' -f 1)
  sed -i "s/- seeds:.*/- seeds: \"$own\"/; s/^\(listen\|broadcast_rpc\)_address:.*/\1_address: $own/" \
    "$CASSANDRA_CONF/cassandra.yaml"
fi
exec "$@"
