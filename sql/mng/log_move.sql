-- An alert is owed for a file that a run has set to Fail; an undone file has no run.
INSERT INTO mng.status_log (file_id, from_status, to_status, moved_at, run_id, task_id, reason, is_alerted)
SELECT file_id, status, %(to_status)s, SYSDATE, %(run_id)s, %(task_id)s, %(reason)s,
       CASE WHEN %(to_status)s = 'Fail' AND %(run_id)s <> '' THEN FALSE END
FROM mng.files
WHERE file_id IN %(file_ids)s AND status IN %(from_statuses)s
