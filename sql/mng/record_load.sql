-- SYSDATE is the transaction's time, which the loaded rows carry as _loaded_at.
UPDATE mng.files
SET table_name = %(table_name)s, rows_in_file = %(rows_in_file)s, rows_loaded = %(rows_loaded)s,
    rows_rejected = %(rows_rejected)s, loaded_at = SYSDATE, query_id = %(query_id)s
WHERE file_id = %(file_id)s AND run_id = %(run_id)s AND status = 'In Progress' AND loaded_at IS NULL
