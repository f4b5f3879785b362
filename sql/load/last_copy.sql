SELECT pg_last_copy_id() AS query_id, pg_last_copy_count() AS rows_copied
