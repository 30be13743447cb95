# The user that members log in as to get what they missed. The image's entrypoint sources this file once, on
# an empty volume, if it is not executable. The password may have no quotes and no backslashes in it.
docker_process_sql <<SQL
CREATE USER 'recovery'@'%' IDENTIFIED BY '$RECOVERY_PASSWORD';
GRANT REPLICATION SLAVE ON *.* TO 'recovery'@'%';
CHANGE REPLICATION SOURCE TO SOURCE_USER = 'recovery', SOURCE_PASSWORD = '$RECOVERY_PASSWORD'
  FOR CHANNEL 'group_replication_recovery';
-- What was done so far is no transaction of the group, which refuses members that have others.
RESET BINARY LOGS AND GTIDS;
SQL
