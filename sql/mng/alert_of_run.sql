SELECT sent_at IS NOT NULL AS is_sent, held_by, held_until > SYSDATE AS is_held, message
FROM mng.alerts
WHERE dag_id = %(dag_id)s AND run_id = %(run_id)s
