SELECT sent_at
FROM mng.alerts
WHERE dag_id = %(dag_id)s AND run_id = %(run_id)s
