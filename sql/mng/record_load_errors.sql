INSERT INTO mng.load_errors (
    file_id, run_id, line_number, column_name, column_type, position, error_code, error_reason, raw_value, raw_line, logged_at
) VALUES %s
