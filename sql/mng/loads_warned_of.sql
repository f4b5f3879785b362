UPDATE mng.status_log
SET is_alerted = TRUE
WHERE file_id IN %(file_ids)s AND to_status = 'Done' AND is_alerted IS NULL
