-- Newest first: the first row is the file to load.  A cleared run takes its own unfinished files again; what it has
-- loaded comes before all others.
SELECT file_id, bucket, key, version_id, etag, size_bytes, landed_at,
       archive_bucket, archive_key, archive_version_id
FROM mng.files
WHERE file_type = %(file_type)s
  AND (status = 'New' OR (status IN ('In Progress', 'Fail') AND dag_id = %(dag_id)s AND run_id = %(run_id)s))
  AND (loaded_at IS NOT NULL OR 0 = (
       SELECT COUNT(*) FROM mng.files loaded
       WHERE loaded.dag_id = %(dag_id)s AND loaded.run_id = %(run_id)s
         AND loaded.status = 'In Progress' AND loaded.loaded_at IS NOT NULL))
ORDER BY landed_at DESC, registered_at DESC, key DESC, file_id DESC
