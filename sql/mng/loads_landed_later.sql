SELECT file_id, key
FROM mng.files
WHERE table_name = %(table_name)s AND landed_at > %(landed_at)s AND loaded_at IS NOT NULL AND file_id <> %(file_id)s
ORDER BY landed_at, key, file_id
