SELECT file_id, from_status, to_status, moved_at, run_id, task_id, SUBSTRING(reason, 1, 500) AS reason
FROM mng.status_log
WHERE moved_at >= %(since)s AND file_id IN %(file_ids)s
ORDER BY moved_at
