SELECT landed_at, file_type, key, status, rows_in_file, rows_loaded, rows_rejected, status_reason, file_id
FROM mng.files
WHERE %(file_type)s IS NULL OR file_type = %(file_type)s
ORDER BY registered_at DESC, file_id
LIMIT %(limit)s
