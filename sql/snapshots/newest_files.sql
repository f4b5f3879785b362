SELECT file_id, bucket, key, version_id, size_bytes, landed_at, registered_at, status, status_reason, status_at,
       dag_id, run_id, try_number, table_name, rows_in_file, rows_loaded, rows_rejected, rows_replaced, loaded_at, query_id,
       archive_bucket, archive_key
FROM mng.files
WHERE (file_type = %(file_type)s OR (file_type IS NULL AND %(file_type)s IS NULL))
  AND registered_at >= %(first_day)s
ORDER BY registered_at DESC, file_id
LIMIT %(files)s
