-- In the order of landing, those that a cleared run takes again first; the limit is one more than a run takes, to see
-- whether files are left.
SELECT file_id, bucket, key, version_id, etag, size_bytes, landed_at,
       archive_bucket, archive_key, archive_version_id
FROM mng.files
WHERE file_type = %(file_type)s
  AND (status = 'New' OR (status IN ('In Progress', 'Fail') AND dag_id = %(dag_id)s AND run_id = %(run_id)s))
ORDER BY CASE WHEN status = 'New' THEN 1 ELSE 0 END, landed_at, registered_at, key, file_id
LIMIT %(limit)s
