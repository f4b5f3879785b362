UPDATE mng.alerts
SET held_by = NULL, held_until = NULL
WHERE dag_id = %(dag_id)s AND run_id = %(run_id)s AND held_by = %(held_by)s
