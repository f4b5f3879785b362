INSERT INTO mng.files (
    file_id, file_type, bucket, key, version_id, etag, size_bytes, landed_at, registered_at, status, status_reason, status_at
) VALUES %s
