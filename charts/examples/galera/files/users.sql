-- For the health check of HAProxy. Whoever can connect may log in as this user, who has no rights: it sees the
-- server's state and settings, and no data. No limit is on its connections: others could use them up, and then no
-- member would be up for clients.
CREATE USER haproxy IDENTIFIED BY '';
