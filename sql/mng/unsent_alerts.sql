SELECT dag_id, run_id, held_until > SYSDATE AS is_held
FROM mng.alerts
WHERE sent_at IS NULL
ORDER BY raised_at, dag_id, run_id
