SELECT TRIM(db_name) AS db_name, TRIM(isolation_level) AS isolation_level
FROM stv_db_isolation_level
