-- What else was loaded into the table in the same transaction, or at the same microsecond.
SELECT file_id, key
FROM mng.files
WHERE table_name = %(table_name)s AND loaded_at = %(loaded_at)s AND file_id <> %(file_id)s
ORDER BY key, file_id
