SELECT file_id, key
FROM mng.files
WHERE file_type = %(file_type)s AND status IN ('New', 'In Progress')
ORDER BY landed_at, key, file_id
