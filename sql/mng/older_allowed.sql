SELECT is_older_allowed
FROM mng.files
WHERE file_id = %(file_id)s
