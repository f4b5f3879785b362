SELECT landed_at, key, status, rows_in_file, rows_loaded, rows_rejected, status_reason, SUBSTRING(file_id, 1, 12) AS short_id
FROM mng.files
WHERE (%(file_type)s IS NULL OR file_type = %(file_type)s) AND (%(status)s IS NULL OR status = %(status)s)
ORDER BY registered_at DESC, file_id
LIMIT %(limit)s
