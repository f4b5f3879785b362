SELECT file_id, file_type, status
FROM mng.files
WHERE file_id IN %(file_ids)s
