-- The files that a run has ever had in progress or failed on.
SELECT DISTINCT file_id
FROM mng.status_log
WHERE run_id = %(run_id)s AND to_status IN ('In Progress', 'Fail')
