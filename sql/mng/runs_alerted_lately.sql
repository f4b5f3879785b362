SELECT COUNT(DISTINCT dag_id || ' ' || run_id) AS runs
FROM mng.alerts
WHERE raised_at > DATEADD(second, -%(seconds)s, SYSDATE)
