"""One Airflow DAG per schema: every `schemas/<file_type>.yaml` becomes `load_<file_type>`."""

from lakeport.dag import dags_of_schemas

globals().update({dag.dag_id: dag for dag in dags_of_schemas()})
