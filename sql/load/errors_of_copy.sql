-- SYS_ views exist on provisioned clusters and on Serverless; STL_ views exist only on provisioned clusters.
SELECT TRIM(file_name) AS file_name, line_number, TRIM(column_name) AS column_name, TRIM(column_type) AS column_type,
       position, error_code, TRIM(error_message) AS error_message
FROM sys_load_error_detail
WHERE session_id = %(session_id)s AND start_time >= %(started_at)s
ORDER BY 1, line_number
