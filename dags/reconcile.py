"""The Airflow DAGs that finish unfinished work: `reconcile` every hour, `finish_ended_runs` every five minutes."""

from lakeport.airflow.reconcile_dag import finish_ended_runs_dag, reconcile_dag

# Airflow parses only files that contain the words "airflow" and "dag".
dag = reconcile_dag()
ended_runs_dag = finish_ended_runs_dag()
