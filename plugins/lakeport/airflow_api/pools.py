"""The pools of Airflow that schemas name: the tasks of a pool that does not exist wait forever, without an error."""

from __future__ import annotations

from collections.abc import Iterable

from lakeport.airflow_api.dag_runs import DagRunApi

_PAGE = 100  # Airflow's api.maximum_page_limit


def missing_pools(api: DagRunApi, names: Iterable[str]) -> list[str]:
    """Return those of the pools that Airflow does not have; raises AirflowUnavailable."""
    wanted = set(names)
    found, offset = set[str](), 0
    while wanted - found:
        answer = api.pool_page({"limit": _PAGE, "offset": offset, "order_by": "id"})
        page = [str(pool["name"]) for pool in answer["pools"]]
        found |= set(page)
        offset += len(page)
        if not page or offset >= answer.get("total_entries", 0):
            break
    return sorted(wanted - found)


def remedy(names: Iterable[str]) -> str:
    """Return what to do about pools that do not exist."""
    return f"create {', '.join(names)} in Airflow (Admin, Pools), or change pool in the schemas"
