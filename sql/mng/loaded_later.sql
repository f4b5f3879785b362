SELECT key
FROM mng.files
WHERE table_name = %(table_name)s AND loaded_at > %(loaded_at)s
ORDER BY loaded_at, key
