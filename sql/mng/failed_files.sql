SELECT file_id, file_type, key
FROM mng.files
WHERE status = 'Fail' AND loaded_at IS NULL
ORDER BY landed_at, file_id
