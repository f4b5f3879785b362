UPDATE mng.files
SET table_name = NULL, rows_in_file = NULL, rows_loaded = NULL, rows_rejected = NULL, loaded_at = NULL, query_id = NULL,
    rows_replaced = NULL, check_warnings = NULL, is_older_allowed = %(is_older_allowed)s
WHERE file_id = %(file_id)s
