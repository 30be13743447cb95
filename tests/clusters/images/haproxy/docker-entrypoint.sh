#!/bin/sh
# What docker-entrypoint.sh of the official image does where examples/mysql relies on it
# (https://github.com/docker-library/haproxy, 3.0/docker-entrypoint.sh): a master with workers, in the foreground.
set -e
if [ "$1" = haproxy ]; then
  shift
  set -- haproxy -W -db "$@"
fi
exec "$@"
