INSERT INTO mng.alerts (dag_id, run_id, raised_at)
VALUES (%(dag_id)s, %(run_id)s, SYSDATE)
