#!/bin/bash
# What healthcheck.sh of the official image does with the options that examples/mysql gives it
# (https://github.com/MariaDB/mariadb-docker, 11.4/healthcheck.sh). Any others fail.
set -eo pipefail

ask() {
  mariadb ${no_defaults:+--no-defaults} --protocol socket --batch --skip-column-names -e "$1"
}

while (($#)); do
  case $1 in
    --su-mysql)  # again, as mysql; what was said before is forgotten
      shift
      exec setpriv --reuid mysql --regid mysql --init-groups "${BASH_SOURCE[0]}" "$@" ;;
    --no-defaults)
      no_defaults=1 ;;
    --connect)  # it listens to others, too
      [[ $(ask 'SELECT @@skip_networking') == 0 ]] ;;
    --galera_online)  # synced
      state=$(ask "SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS
                   WHERE VARIABLE_NAME='WSREP_LOCAL_STATE'")
      [[ $state == 4 ]] ;;
    *)
      exit 1 ;;
  esac
  shift
done
