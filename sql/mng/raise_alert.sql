INSERT INTO mng.alerts (dag_id, run_id, raised_at, message, held_by, held_until)
VALUES (%(dag_id)s, %(run_id)s, SYSDATE, %(message)s, %(held_by)s, DATEADD(second, %(hold_seconds)s, SYSDATE))
