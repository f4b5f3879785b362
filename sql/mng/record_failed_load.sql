UPDATE mng.files
SET table_name = %(table_name)s, rows_in_file = %(rows_in_file)s, rows_loaded = 0, rows_rejected = %(rows_rejected)s,
    query_id = %(query_id)s
WHERE file_id = %(file_id)s AND run_id = %(run_id)s AND loaded_at IS NULL
