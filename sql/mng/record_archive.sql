UPDATE mng.files
SET archive_bucket = %(bucket)s, archive_key = %(key)s
WHERE file_id = %(file_id)s
