UPDATE mng.files
SET status_reason = %(reason)s
WHERE file_id = %(file_id)s AND status = 'Fail' AND dag_id = %(dag_id)s AND run_id = %(run_id)s
