UPDATE mng.alerts
SET sent_at = SYSDATE
WHERE dag_id = %(dag_id)s AND run_id = %(run_id)s
