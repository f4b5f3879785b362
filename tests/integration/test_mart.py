"""The example of a pipeline that goes on from loaded tables: it starts by two assets and builds its mart or nothing."""

from __future__ import annotations

import runpy
from typing import Any

import pytest

from lakeport.airflow.load_dag import load_dag
from lakeport.errors import ChecksFailed
from lakeport.redshift.ddl import create_table
from lakeport.redshift.session import Warehouse
from lakeport.schema.reader import read_file_type
from local.config import REPOSITORY
from tests.integration.callables import Query

ROWS = "SELECT carrier, airline, flights, late_flights, late_percent FROM mart.carrier_delays ORDER BY carrier"


@pytest.fixture
def mart(warehouse: Warehouse) -> dict[str, Any]:
    """The module of the DAG, with its two tables empty."""

    def make(current: Any) -> None:
        for name in ("flights", "airlines"):
            current.execute(f"DROP TABLE IF EXISTS lake.{name}")
            for statement in create_table(read_file_type(REPOSITORY / "schemas" / f"{name}.yaml")):
                current.execute(statement)

    warehouse.transaction(make)
    return runpy.run_path(str(REPOSITORY / "dags" / "marts" / "carrier_delays.py"))


def add(query: Query, carrier: str, delay: int | None) -> None:
    values = (carrier, delay)
    columns = (
        "year, month, day, sched_dep_time, sched_arr_time, flight, origin, dest, distance, hour, minute, time_hour"
    )
    given = "2013, 1, 1, 500, 700, 1, 'EWR', 'BOS', 200, 5, 0, '2013-01-01 05:00:00'"
    query(f"INSERT INTO lake.flights ({columns}, carrier, dep_delay) VALUES ({given}, %s, %s); SELECT 1", values)  # noqa: S608


def test_mart_has_the_flights_of_both_tables(mart: dict[str, Any], warehouse: Warehouse, query: Query) -> None:
    query("INSERT INTO lake.airlines (carrier, name) VALUES ('UA', 'United'), ('B6', 'JetBlue'); SELECT 1")
    for carrier, delay in (("UA", 16), ("UA", 15), ("UA", None), ("B6", -3)):
        add(query, carrier, delay)
    for _ in range(2):  # safe to repeat
        assert warehouse.transaction(mart["build"]) == 2
    found = [(*row[:4], str(row[4])) for row in query(ROWS)]
    assert found == [("B6", "JetBlue", 1, 0, "0.0"), ("UA", "United", 3, 1, "33.3")]

    add(query, "ZZ", 1)  # an airline that is not listed
    with pytest.raises(ChecksFailed, match="of 4 flights"):
        warehouse.transaction(mart["build"])
    assert len(query(ROWS)) == 2


def test_mart_starts_by_the_assets_of_the_loads(mart: dict[str, Any]) -> None:
    loads = [load_dag(read_file_type(REPOSITORY / "schemas" / f"{name}.yaml")) for name in ("flights", "airlines")]
    outlets = {outlet.name for load in loads for outlet in load.get_task("mark_done").outlets}
    assert {asset.name for asset in (mart["FLIGHTS"], mart["AIRLINES"])} == outlets
