SELECT file_type, MAX(status_at) AS changed_at
FROM mng.files
WHERE registered_at >= DATEADD(day, -%(days)s, SYSDATE)
GROUP BY file_type
