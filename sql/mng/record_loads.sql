-- SYSDATE is the time of the transaction; the loaded rows have it in _loaded_at.
UPDATE mng.files
SET table_name = %(table_name)s, rows_in_file = counted.rows_in_file, rows_loaded = counted.rows_loaded,
    rows_rejected = counted.rows_rejected, loaded_at = SYSDATE, query_id = %(query_id)s, rows_replaced = %(rows_replaced)s,
    check_warnings = %(check_warnings)s
FROM {counted} counted
WHERE mng.files.file_id = counted.file_id
  AND mng.files.run_id = %(run_id)s AND mng.files.status = 'In Progress' AND mng.files.loaded_at IS NULL
