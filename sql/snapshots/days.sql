SELECT TRUNC(landed_at) AS day, status, COUNT(*) AS files, SUM(size_bytes)::BIGINT AS size_bytes,
       SUM(CASE WHEN loaded_at IS NOT NULL THEN rows_loaded END)::BIGINT AS rows_loaded,
       SUM(rows_rejected)::BIGINT AS rows_rejected, MIN(landed_at) AS first_landed_at, MIN(registered_at) AS first_registered_at
FROM mng.files
WHERE (file_type = %(file_type)s OR (file_type IS NULL AND %(file_type)s IS NULL))
  AND landed_at >= %(first_day)s
  AND registered_at >= DATEADD(hour, -1, %(first_day)s)  -- the clocks of S3 and of registration may differ
GROUP BY 1, 2
ORDER BY 1, 2
