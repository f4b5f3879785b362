SELECT file_id, line_number, column_name, raw_value, error_reason, position, raw_line
FROM mng.load_errors
WHERE run_id = %(run_id)s AND file_id IN %(file_ids)s
ORDER BY file_id, line_number
LIMIT 5
