SELECT sent_at IS NOT NULL, held_by, held_until > SYSDATE, message
FROM mng.alerts
WHERE dag_id = %(dag_id)s AND run_id = %(run_id)s
