-- For the health check of HAProxy. Whoever can connect may log in as this user, and may do and see nothing.
CREATE USER haproxy IDENTIFIED BY '' WITH MAX_USER_CONNECTIONS 20;
