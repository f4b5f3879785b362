UPDATE mng.alerts
SET held_by = %(held_by)s, held_until = DATEADD(second, %(hold_seconds)s, SYSDATE)
WHERE dag_id = %(dag_id)s AND run_id = %(run_id)s AND raised_at = %(raised_at)s
  AND COALESCE(channel, '') = %(channel)s AND sent_at IS NULL
  AND (held_until IS NULL OR held_until <= SYSDATE OR held_by = %(held_by)s)
