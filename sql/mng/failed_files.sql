SELECT file_id, file_type, key
FROM mng.files
WHERE status = 'Fail'
ORDER BY landed_at, file_id
