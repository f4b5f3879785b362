INSERT INTO mng.status_log (file_id, from_status, to_status, moved_at, run_id, task_id, reason)
SELECT file_id, status, %(to_status)s, SYSDATE, %(run_id)s, %(task_id)s, %(reason)s
FROM mng.files
WHERE file_id IN %(file_ids)s AND status IN %(from_statuses)s
