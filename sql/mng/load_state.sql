SELECT status, run_id, table_name, rows_in_file, rows_loaded, rows_rejected, loaded_at, query_id
FROM mng.files
WHERE file_id = %(file_id)s
