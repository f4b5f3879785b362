"""Columns with `from` have the values of the row's file, whatever is loaded beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lakeport.errors import UnloadableFile
from lakeport.loading.files_to_load import FileToLoad
from lakeport.loading.many_files import batches
from lakeport.loading.rehearsal import rehearse
from lakeport.redshift.session import Warehouse
from tests.integration.callables import Bring, Query
from tests.integration.file_types import make_file_type

OWN: list[dict[str, Any]] = [
    {"name": "id", "type": "integer", "required": True},
    {"name": "city", "type": "varchar(8)"},
]
FACTS: list[dict[str, Any]] = [
    {"name": "shop", "type": "smallint", "from": "captured.shop", "required": True},
    {"name": "day", "type": "date", "from": "captured.day", "required": True},
    {"name": "landed", "type": "timestamp", "from": "landed_at"},
    {"name": "landed_on", "type": "timestamptz", "from": "landed_at"},
    {"name": "file", "type": "varchar(300)", "from": "key"},
    {"name": "bucket", "type": "varchar(63)", "from": "bucket"},
]
PATTERN = {"pattern": "**/{shop}_{day:%Y%m%d}_*.csv", "select": "all"}


def rows(query: Query, table: str, columns: str = "id, shop, day::text, file") -> list[tuple[Any, ...]]:
    return query(f"SELECT {columns} FROM {table} ORDER BY id, shop")  # noqa: S608


def test_each_row_has_the_facts_of_its_file(bring: Bring, query: Query) -> None:
    file_type = make_file_type(landing=PATTERN, columns=OWN + FACTS)
    names = [r"7_20260102_it's.csv", r"8_20260103_\n100%.csv"]
    loads = [bring(file_type, f"id,city\n{n},Bern\n".encode(), name=name) for n, name in enumerate(names)]

    # None of them shares a COPY with another file.
    files = [FileToLoad(load.file, load.sources) for load in loads]
    assert [len(batch) for batch in batches(loads[0].s3, file_type, files)] == [1, 1]
    for load in loads:
        assert load.run().rows_loaded == 1

    keys = [load.file.key for load in loads]
    assert rows(query, file_type.table.name) == [(0, 7, "2026-01-02", keys[0]), (1, 8, "2026-01-03", keys[1])]
    found = rows(query, file_type.table.name, "landed, landed_on AT TIME ZONE 'UTC', bucket")
    assert found == [(load.file.landed_at, load.file.landed_at, load.file.bucket) for load in loads]


def test_merge_by_a_captured_day_replaces_only_that_day(bring: Bring, query: Query) -> None:
    table = {"mode": "merge", "key": ["day", "id"]}
    file_type = make_file_type(landing=PATTERN, columns=OWN + FACTS, table=table)
    for name, city in (("1_20260102_a.csv", "Bern"), ("2_20260103_a.csv", "Rome"), ("3_20260102_b.csv", "Oslo")):
        bring(file_type, f"id,city\n1,{city}\n".encode(), name=name).run()
    assert rows(query, file_type.table.name, "day::text, shop, city") == [
        ("2026-01-03", 2, "Rome"),
        ("2026-01-02", 3, "Oslo"),
    ]


def test_modes_that_replace_all_rows_fill_them_too(bring: Bring, query: Query) -> None:
    landing = {"pattern": PATTERN["pattern"]}
    for mode in ("truncate", "replace", "new_table"):
        file_type = make_file_type(landing=landing, columns=OWN + FACTS, table={"mode": mode})
        for shop in (1, 2):
            load = bring(file_type, b"id,city\n1,Bern\n", name=f"{shop}_20260102_a.csv").run()
        assert rows(query, load.table_name, "shop, day::text") == [(2, "2026-01-02")]


@pytest.mark.parametrize("name", ["70000_20260102_a.csv", "x_20260102_a.csv", f"7_20260102_{'long' * 80}.csv"])
def test_value_that_does_not_fit_its_column_fails_the_file(bring: Bring, query: Query, name: str) -> None:
    file_type = make_file_type(landing=PATTERN, columns=OWN + FACTS)
    with pytest.raises(UnloadableFile, match=r"does not fit the column (shop|file)"):
        bring(file_type, b"id,city\n1,Bern\n", name=name).run()
    assert rows(query, file_type.table.name) == []


def test_file_cannot_bring_a_column_of_that_name(bring: Bring, query: Query) -> None:
    for drift in ("refuse", "add"):
        file_type = make_file_type(landing=PATTERN, columns=OWN + FACTS, drift=drift)
        with pytest.raises(UnloadableFile, match="shop"):
            bring(file_type, b"id,city,shop\n1,Bern,9\n", name="7_20260102_a.csv").run()
    file_type = make_file_type(landing=PATTERN, columns=OWN + FACTS, drift="ignore")
    bring(file_type, b"id,city,shop\n1,Bern,9\n", name="7_20260102_a.csv").run()
    assert rows(query, file_type.table.name, "id, shop") == [(1, 7)]


def test_plan_fills_them_from_the_name_of_the_sample(
    bring: Bring, query: Query, warehouse: Warehouse, s3: Any, tmp_path: Path
) -> None:
    file_type = make_file_type(landing=PATTERN, columns=OWN + FACTS)
    for name, problem in (("7_20260102_a.csv", ""), ("other.csv", "does not match landing.pattern")):
        (tmp_path / name).write_bytes(b"id,city\n1,Bern\n")
        outcome = rehearse(file_type, tmp_path / name, warehouse, s3)
        assert outcome.rows_loaded == (not problem)
        assert problem in outcome.problem
