-- One transaction raises one alert, so its time distinguishes the alerts of a run.
INSERT INTO mng.alerts (dag_id, run_id, raised_at, channel, message)
VALUES (%(dag_id)s, %(run_id)s, SYSDATE, %(channel)s, %(message)s)
