UPDATE mng.files
SET archive_bucket = %(archive_bucket)s, archive_key = %(archive_key)s
WHERE file_id = %(file_id)s
