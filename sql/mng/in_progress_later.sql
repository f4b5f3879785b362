SELECT key
FROM mng.files
WHERE file_type = %(file_type)s AND status = 'In Progress' AND landed_at > %(landed_at)s
ORDER BY landed_at, key
