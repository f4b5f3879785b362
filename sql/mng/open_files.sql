SELECT file_id, bucket, key, version_id, etag, size_bytes, landed_at,
       archive_bucket, archive_key, archive_version_id,
       file_type, status, status_at, dag_id, run_id, loaded_at IS NOT NULL AS is_loaded
FROM mng.files
WHERE status IN ('New', 'In Progress')
ORDER BY landed_at, file_id
