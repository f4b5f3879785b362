SELECT session_id, start_time, query_id
FROM sys_load_error_detail
WHERE TRIM(file_name) = %(file_name)s
