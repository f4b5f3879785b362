-- SYS_ views exist on provisioned clusters and on Serverless; STL_ views only on the former.
SELECT TRIM(file_name), line_number, TRIM(column_name), TRIM(column_type), position, error_code, TRIM(error_message)
FROM sys_load_error_detail
WHERE query_id = %(query_id)s
ORDER BY file_name, line_number
