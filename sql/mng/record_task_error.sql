INSERT INTO mng.task_errors (dag_id, run_id, task_id, try_number, error, log_url, failed_at, is_refusal, family)
VALUES (%(dag_id)s, %(run_id)s, %(task_id)s, %(try_number)s, %(error)s, %(log_url)s, SYSDATE, %(is_refusal)s, %(family)s)
