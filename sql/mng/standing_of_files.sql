SELECT file_id, bucket, key, version_id, etag, size_bytes, landed_at,
       archive_bucket, archive_key, archive_version_id,
       status, status_reason, status_at, dag_id, run_id, loaded_at
FROM mng.files
WHERE file_id IN %(file_ids)s
ORDER BY landed_at, key, file_id
