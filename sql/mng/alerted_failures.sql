-- The files whose last failure was alerted, and that were not Done since.
SELECT f.file_id, f.bucket, f.key, f.rows_loaded
FROM mng.files f
JOIN mng.status_log l ON l.file_id = f.file_id
WHERE l.file_id IN %(file_ids)s AND l.moved_at >= %(since)s AND l.to_status IN ('Fail', 'Done')
GROUP BY f.file_id, f.bucket, f.key, f.rows_loaded
HAVING MAX(CASE WHEN l.to_status = 'Fail' AND l.is_alerted THEN l.moved_at END)
     > COALESCE(MAX(CASE WHEN l.to_status = 'Done' THEN l.moved_at END), %(since)s)
ORDER BY f.key, f.file_id
