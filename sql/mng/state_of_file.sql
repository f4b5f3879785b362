SELECT status, loaded_at
FROM mng.files
WHERE file_id = %(file_id)s
