-- A file may be read in parts, each with a row of its own.
SELECT TRIM(file_name), SUM(lines_scanned)
FROM sys_load_detail
WHERE query_id = %(query_id)s
GROUP BY 1
