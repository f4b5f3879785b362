-- The files whose last load no warning names.
SELECT file_id
FROM mng.status_log
WHERE file_id IN %(file_ids)s AND to_status = 'Done'
GROUP BY file_id
HAVING COUNT(CASE WHEN is_alerted THEN 1 END) = 0
    OR MAX(CASE WHEN is_alerted THEN moved_at END) < MAX(moved_at)
