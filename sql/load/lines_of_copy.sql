-- COPY may read a file in parts, with one row for each part.
SELECT TRIM(file_name) AS file_name, SUM(lines_scanned) AS lines_scanned
FROM sys_load_detail
WHERE start_time >= %(started_at)s
GROUP BY 1
