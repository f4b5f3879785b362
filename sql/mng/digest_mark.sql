-- The run_id of a digest of Rejected files is the time up to which the digest covers them.
SELECT MAX(run_id) AS run_id
FROM mng.alerts
WHERE dag_id = %(dag_id)s
