#!/bin/bash
# What examples/mysql relies on of the official image's entrypoint
# (https://github.com/MariaDB/mariadb-docker, 11.4/docker-entrypoint.sh): given options, it runs the server with them;
# started as root it does so as mysql, whose the data folder is then. An empty one gets a database first, with the same options:
# root has the given password from everywhere, mysql needs none from here, and the files in SQL have been run. Nothing
# of that is replicated.
set -euo pipefail

if ((EUID == 0)); then
  chown -R mysql /var/lib/mysql
  exec setpriv --reuid mysql --regid mysql --init-groups "${BASH_SOURCE[0]}" "$@"
fi

first_statements() {
  local root="IDENTIFIED BY '${MARIADB_ROOT_PASSWORD:?a new database needs a password for root}'"
  # Else the server would not know of users while it starts in this way.
  echo 'FLUSH PRIVILEGES;'
  for at in localhost %; do
    echo "CREATE OR REPLACE USER root@'$at' $root;"
    echo "GRANT ALL ON *.* TO root@'$at' WITH GRANT OPTION;"
  done
  if [[ ${MARIADB_MYSQL_LOCALHOST_USER:-} ]]; then
    echo 'CREATE OR REPLACE USER mysql@localhost IDENTIFIED VIA unix_socket;'
  fi
  cat /docker-entrypoint-initdb.d/*.sql
}

if [[ ! -e /var/lib/mysql/mysql ]]; then
  statements=$(first_statements)
  mariadb-install-db "$@" --skip-test-db >/dev/null
  mariadbd "$@" --bootstrap --wsrep-on=OFF --skip-log-bin <<<"$statements"
fi
exec mariadbd "$@"
