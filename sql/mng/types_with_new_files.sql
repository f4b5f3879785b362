SELECT DISTINCT file_type
FROM mng.files
WHERE file_type IN %(file_types)s AND status = 'New'
