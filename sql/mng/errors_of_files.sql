SELECT f.bucket, f.key, NULLIF(e.line_number, -1) AS line_number, e.column_name, e.raw_value, e.error_reason, e.raw_line
FROM mng.load_errors e
JOIN mng.files f ON f.file_id = e.file_id
WHERE (%(name)s IS NULL OR %(name)s IN (f.key, 's3://' || f.bucket || '/' || f.key) OR f.file_id LIKE %(prefix)s)
  AND (%(file_type)s IS NULL OR f.file_type = %(file_type)s)
ORDER BY e.logged_at DESC, f.key, e.line_number
LIMIT %(limit)s
