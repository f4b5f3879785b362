SELECT file_id, bucket, key, version_id, etag, size_bytes, landed_at,
       archive_bucket, archive_key, archive_version_id,
       file_type, status, table_name, rows_loaded, loaded_at, rows_replaced
FROM mng.files
WHERE (%(name)s IS NULL OR %(name)s IN (key, 's3://' || bucket || '/' || key) OR file_id LIKE %(prefix)s)
  AND (%(file_type)s IS NULL OR file_type = %(file_type)s)
  AND (%(since)s IS NULL OR landed_at >= %(since)s)
  AND (%(until)s IS NULL OR landed_at < %(until)s)
  AND status IN %(statuses)s
ORDER BY landed_at, key, file_id
