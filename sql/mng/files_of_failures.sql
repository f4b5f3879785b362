-- The files that a run has set to Fail and that no alert names yet, once for each failure.
-- A file that is Fail although its load is on record has lost its rows.
SELECT f.file_id, f.bucket, f.key, f.version_id, f.size_bytes, f.status, f.loaded_at IS NOT NULL AND f.status <> 'Fail' AS is_loaded,
       l.reason
FROM mng.status_log l
JOIN mng.files f ON f.file_id = l.file_id
WHERE f.file_type = %(file_type)s AND l.run_id = %(run_id)s AND NOT l.is_alerted
ORDER BY f.key, f.file_id, l.moved_at
