-- The newest files that are Fail in a run, and whose reason does not mention yet that the run is marked as successful.
SELECT file_id, key, file_type, dag_id, run_id, status_reason
FROM mng.files
WHERE status = 'Fail' AND run_id <> '' AND status_reason NOT LIKE %(noted)s
ORDER BY status_at DESC, file_id
LIMIT %(limit)s
