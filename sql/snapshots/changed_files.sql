-- The newest files of a type whose status has changed since a time.
SELECT f.file_id, f.bucket, f.key, f.version_id, f.size_bytes, f.landed_at, f.registered_at, f.status, f.status_reason,
       f.status_at, f.dag_id, f.run_id, f.try_number, f.table_name, f.rows_in_file, f.rows_loaded, f.rows_rejected,
       f.rows_replaced, f.loaded_at, f.query_id, f.archive_bucket, f.archive_key
FROM mng.files f
JOIN (SELECT DISTINCT file_id FROM mng.status_log WHERE moved_at >= %(since)s) changed ON changed.file_id = f.file_id
WHERE f.file_type = %(file_type)s AND f.registered_at >= %(first_day)s AND f.registered_at >= %(registered_since)s
ORDER BY f.registered_at DESC, f.file_id
LIMIT %(files)s
