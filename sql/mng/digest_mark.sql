-- The run id of a digest is the time up to which it lists Rejected files.
SELECT MAX(run_id)
FROM mng.alerts
WHERE dag_id = %(dag_id)s
