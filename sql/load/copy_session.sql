SELECT pg_backend_pid() AS session_id, SYSDATE AS started_at
