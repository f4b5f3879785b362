"""Whether Airflow has the pools that schemas name: see lakeport.airflow_api.pools."""

from __future__ import annotations

from collections.abc import Callable

from lakeport import settings
from lakeport.airflow_api.dag_runs import DagRunApi
from lakeport.airflow_api.pools import missing_pools, remedy
from lakeport.probing.answers import Found, Question, Verdict
from lakeport.schema.reader import known_file_type, schema_paths


def _find(open_api: Callable[[], DagRunApi]) -> Found:
    types = [known_file_type(path.stem) for path in schema_paths(settings.schemas_folder())]
    names = {each.pool for each in types if each and each.pool}
    if not names:
        return Found("no schema has a pool")
    if missing := missing_pools(open_api(), names):
        meaning = f"the tasks of their file types wait for it without an error: {remedy(missing)}"
        return Found(f"Airflow has no pool {', '.join(missing)}", meaning, Verdict.FAILED)
    return Found(f"Airflow has {', '.join(sorted(names))}")


POOLS = Question("The pools that schemas name", "Airflow has them", _find)
