"""The Airflow DAGs `replay`, `undo` and `discard`, which a person starts for files that were loaded, failed or wait."""

from lakeport.airflow.recovery_dags import recovery_dag

# Airflow parses only files that contain the words "airflow" and "dag".
dags = [recovery_dag("replay"), recovery_dag("undo"), recovery_dag("discard")]
globals().update({dag.dag_id: dag for dag in dags})
