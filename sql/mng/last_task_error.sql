SELECT task_id, error, log_url
FROM mng.task_errors
WHERE dag_id = %(dag_id)s AND run_id = %(run_id)s
ORDER BY failed_at DESC
LIMIT 1
