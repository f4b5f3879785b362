SELECT key, status_reason
FROM mng.files
WHERE file_id IN %(file_ids)s AND dag_id = %(dag_id)s AND run_id = %(run_id)s AND status = 'Fail'
ORDER BY landed_at, key, file_id
