-- A bucket without versioning has no version ids: there the file is the newest one that landed since the upload.
SELECT file_id, status, status_reason, rows_in_file, rows_loaded, rows_rejected
FROM mng.files
WHERE bucket = %(bucket)s AND key = %(key)s
    AND (version_id = %(version_id)s OR (%(version_id)s IS NULL AND landed_at >= %(uploaded_at)s))
ORDER BY landed_at DESC, registered_at DESC
LIMIT 1
