UPDATE mng.files
SET archive_bucket = archived.bucket, archive_key = archived.key, archive_version_id = archived.version_id
FROM {archived} archived
WHERE mng.files.file_id = archived.file_id
