SELECT file_id
FROM mng.files
WHERE file_id IN %(file_ids)s AND dag_id = %(dag_id)s AND run_id = %(run_id)s
  AND status = 'In Progress' AND loaded_at IS NULL
