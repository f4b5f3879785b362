SELECT dag_id, run_id, MAX(CASE WHEN held_until > SYSDATE THEN 1 ELSE 0 END) = 1 AS is_held, MIN(raised_at) AS first_at
FROM mng.alerts
WHERE sent_at IS NULL
GROUP BY dag_id, run_id
ORDER BY first_at, dag_id, run_id
