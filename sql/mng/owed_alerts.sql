-- Failures that no alert names.
SELECT f.file_type, l.run_id, MIN(f.key) AS first_key, COUNT(DISTINCT f.file_id) AS file_count, MAX(l.moved_at) AS last_at
FROM mng.status_log l
JOIN mng.files f ON f.file_id = l.file_id
WHERE NOT l.is_alerted
GROUP BY f.file_type, l.run_id
ORDER BY last_at, f.file_type, l.run_id
