SELECT task_id, error, log_url, COALESCE(is_refusal, FALSE) AS is_refusal, COALESCE(family, '') AS family
FROM mng.task_errors
WHERE dag_id = %(dag_id)s AND run_id = %(run_id)s AND (%(since)s IS NULL OR failed_at >= %(since)s)
ORDER BY failed_at DESC
LIMIT 1
