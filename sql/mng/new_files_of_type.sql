SELECT COUNT(*) AS file_count, MIN(status_at) AS first_at
FROM mng.files
WHERE file_type = %(file_type)s AND status = 'New'
