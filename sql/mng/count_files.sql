SELECT COUNT(*) AS row_count FROM mng.files
