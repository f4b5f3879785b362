SELECT COUNT(*) AS alerts
FROM mng.alerts
WHERE dag_id = %(dag_id)s AND run_id = %(run_id)s AND (%(since)s IS NULL OR raised_at >= %(since)s)
