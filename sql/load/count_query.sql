SELECT COUNT(*) AS row_count
FROM ({query}) AS offending
