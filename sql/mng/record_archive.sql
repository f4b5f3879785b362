UPDATE mng.files
SET archive_bucket = %(bucket)s, archive_key = %(key)s, archive_version_id = %(version_id)s
WHERE file_id = %(file_id)s
