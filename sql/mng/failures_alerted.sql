UPDATE mng.status_log
SET is_alerted = TRUE
WHERE file_id IN %(file_ids)s AND run_id = %(run_id)s AND NOT is_alerted
