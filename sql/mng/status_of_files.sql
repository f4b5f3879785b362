SELECT landed_at, bucket, key, status, rows_in_file, rows_loaded, rows_rejected,
       CASE WHEN status = 'New' AND status_reason IS NULL
            THEN 'waits for a run of load_' || file_type || '; ./lakeport reconcile starts one if none is queued'
            ELSE status_reason END AS status_reason,
       file_id
FROM mng.files
WHERE (%(name)s IS NULL OR %(name)s IN (key, 's3://' || bucket || '/' || key) OR file_id LIKE %(prefix)s)
  AND (%(file_type)s IS NULL OR file_type = %(file_type)s)
  AND (%(status)s IS NULL OR status = %(status)s)
ORDER BY registered_at DESC, file_id
LIMIT %(limit)s
