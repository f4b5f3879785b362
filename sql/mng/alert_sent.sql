UPDATE mng.alerts
SET sent_at = SYSDATE, held_by = NULL, held_until = NULL
WHERE dag_id = %(dag_id)s AND run_id = %(run_id)s AND raised_at = %(raised_at)s
  AND COALESCE(channel, '') = %(channel)s AND sent_at IS NULL
