SELECT bucket, key, status_reason, file_id, status_at, status_at <= %(until)s AS is_due
FROM mng.files
WHERE status = 'Rejected' AND status_at > %(since)s
ORDER BY status_at, file_id
