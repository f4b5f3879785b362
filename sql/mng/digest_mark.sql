-- The digests of Rejected files are named by the moment up to which they tell of them.
SELECT MAX(run_id)
FROM mng.alerts
WHERE dag_id = %(dag_id)s
