UPDATE mng.files
SET status = %(to_status)s, status_reason = %(reason)s, status_at = SYSDATE,
    dag_id = %(dag_id)s, run_id = %(run_id)s, try_number = %(try_number)s
WHERE file_id IN %(file_ids)s AND status IN %(from_statuses)s
