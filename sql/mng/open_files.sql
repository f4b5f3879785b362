-- Files that are not finished; a failed file only if no alert was sent for its run.
SELECT f.file_id, f.bucket, f.key, f.version_id, f.etag, f.size_bytes, f.landed_at,
       f.archive_bucket, f.archive_key, f.archive_version_id,
       f.file_type, f.status, f.status_at, f.dag_id, f.run_id, f.loaded_at IS NOT NULL AS is_loaded
FROM mng.files f
LEFT JOIN mng.alerts a ON a.dag_id = f.dag_id AND a.run_id = f.run_id
WHERE f.status IN ('New', 'In Progress')
   OR (f.status = 'Fail' AND f.run_id <> '' AND a.run_id IS NULL)  -- an undone file has no run
ORDER BY f.landed_at, f.file_id
