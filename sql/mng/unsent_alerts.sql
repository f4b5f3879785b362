SELECT dag_id, run_id, raised_at, COALESCE(channel, '') AS channel, message,
       COALESCE(held_until > SYSDATE, FALSE) AS is_held
FROM mng.alerts
WHERE sent_at IS NULL
ORDER BY raised_at, dag_id, run_id, channel
