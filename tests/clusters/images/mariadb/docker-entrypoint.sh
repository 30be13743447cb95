#!/bin/bash
# What docker-entrypoint.sh of the official image does where examples/mysql relies on it
# (https://github.com/MariaDB/mariadb-docker, 11.4/docker-entrypoint.sh).
set -euo pipefail
shopt -s nullglob

# _main: options alone are mariadbd's.
if [[ ${1:0:1} == - ]]; then
  set -- mariadbd "$@"
fi
# _main and docker_create_db_directories: root gives the folder to mysql, and goes on as mysql.
if [[ $1 == mariadbd && $(id -u) == 0 ]]; then
  find /var/lib/mysql ! -user mysql -exec chown mysql: '{}' +
  exec setpriv --reuid mysql --regid mysql --init-groups "${BASH_SOURCE[0]}" "$@"
fi
# docker_setup_env: a folder with `mysql` in it has a database.
if [[ $1 == mariadbd && ! -d /var/lib/mysql/mysql ]]; then
  # docker_verify_minimum_env
  : "${MARIADB_ROOT_PASSWORD:?Database is uninitialized and password option is not specified}"
  # docker_init_database_dir: with the arguments that mariadbd is given, but its own name.
  mariadb-install-db --datadir=/var/lib/mysql --rpm --auth-root-authentication-method=normal \
    "${@:2}" --cross-bootstrap --skip-test-db --skip-log-bin >/dev/null
  # docker_temp_server_start: without a network, and without Galera.
  "$@" --skip-networking --wsrep_on=OFF &
  server=$!
  until mariadb -uroot -e 'SELECT 1' &>/dev/null; do
    kill -0 "$server"
    sleep 0.2
  done
  # docker_setup_db: nothing of this is replicated.
  mariadb -uroot <<SQL
SET sql_log_bin=0;
SET PASSWORD FOR root@localhost = PASSWORD('$MARIADB_ROOT_PASSWORD');
CREATE USER root@'%' IDENTIFIED BY '$MARIADB_ROOT_PASSWORD';
GRANT ALL ON *.* TO root@'%' WITH GRANT OPTION;
${MARIADB_MYSQL_LOCALHOST_USER:+CREATE USER mysql@localhost IDENTIFIED VIA unix_socket;}
SQL
  # docker_process_init_files; of the kinds of files only this one.
  for file in /docker-entrypoint-initdb.d/*.sql; do
    mariadb -uroot -p"$MARIADB_ROOT_PASSWORD" <"$file"
  done
  kill "$server"
  wait "$server"
fi
exec "$@"
