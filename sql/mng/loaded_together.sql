-- The files that the same COPY loaded into the table.
SELECT file_id, bucket, key, version_id, etag, size_bytes, landed_at,
       archive_bucket, archive_key, archive_version_id,
       file_type, status, table_name, rows_loaded, loaded_at, rows_replaced
FROM mng.files
WHERE table_name = %(table_name)s AND loaded_at = %(loaded_at)s
ORDER BY landed_at, key, file_id
