-- The files that the run has in progress since before it ended, and the New ones that it should have taken.
SELECT file_id, bucket, key, version_id, size_bytes, status, status_reason AS reason, loaded_at IS NOT NULL AS is_loaded
FROM mng.files
WHERE (dag_id = %(dag_id)s AND run_id = %(run_id)s AND status = 'In Progress'
       AND (%(ended_at)s IS NULL OR status_at <= %(ended_at)s))
   OR (file_type = %(file_type)s AND status = 'New' AND registered_at <= %(started_at)s
       AND 0 = (SELECT COUNT(*) FROM mng.files taken
                WHERE taken.dag_id = %(dag_id)s AND taken.run_id = %(run_id)s
                  AND taken.status IN ('In Progress', 'Done', 'Fail')))
ORDER BY key, file_id
