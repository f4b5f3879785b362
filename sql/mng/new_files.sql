-- Newest first: the first row is the file to load.
SELECT file_id, bucket, key, version_id, etag, size_bytes, landed_at,
       archive_bucket, archive_key, archive_version_id
FROM mng.files
WHERE file_type = %(file_type)s AND status = 'New'
ORDER BY landed_at DESC, registered_at DESC, key DESC, file_id DESC
