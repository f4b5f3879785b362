SELECT dag_id, run_id, raised_at, COALESCE(channel, '') AS channel, message
FROM mng.alerts
WHERE dag_id = %(dag_id)s AND run_id = %(run_id)s AND sent_at IS NULL
ORDER BY raised_at, channel
