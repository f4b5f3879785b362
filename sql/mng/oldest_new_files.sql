-- In the order of landing; the limit is one more than a run takes, to see whether files are left.
SELECT file_id, bucket, key, version_id, etag, size_bytes, landed_at,
       archive_bucket, archive_key, archive_version_id
FROM mng.files
WHERE file_type = %(file_type)s AND status = 'New'
ORDER BY landed_at, registered_at, key, file_id
LIMIT %(limit)s
