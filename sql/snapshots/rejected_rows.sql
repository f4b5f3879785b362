SELECT file_id, line_number, column_name, column_type, position, error_reason, raw_value, raw_line
FROM (
    SELECT e.file_id, e.line_number, e.column_name, e.column_type, e.position, e.error_reason, e.raw_value,
           SUBSTRING(e.raw_line, 1, 2000) AS raw_line,
           ROW_NUMBER() OVER (PARTITION BY e.file_id ORDER BY e.line_number, e.position) AS place
    FROM mng.load_errors e
    JOIN mng.files f ON f.file_id = e.file_id AND f.run_id = e.run_id
    WHERE e.file_id IN %(file_ids)s
) first_rows
WHERE place <= %(rows)s
ORDER BY file_id, place
