SELECT file_id, table_name, rows_in_file, rows_loaded, rows_rejected, query_id, loaded_at, rows_replaced, check_warnings
FROM mng.files
WHERE file_id IN %(file_ids)s
