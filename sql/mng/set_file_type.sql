UPDATE mng.files
SET file_type = %(file_type)s
WHERE file_id = %(file_id)s
