"""What only several schemas together can get wrong is found before a file is Rejected for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from lakeport.schema.conflicts import problems_between, shared_key
from lakeport.schema.reader import read_file_type, schema_paths
from local.config import REPOSITORY
from tests.support.golden import golden

SCHEMA = """\
description: Trips.
owner: tests
landing: {{pattern: "{pattern}"}}
format: {{type: csv}}
table: {{name: {table}}}
columns: [{{name: id, type: {type}, required: true}}]
"""


@pytest.mark.parametrize(
    ("one", "other", "key"),
    [
        ("trips/*.csv", "trips/trips_*.csv", "trips/trips_.csv"),
        ("trips/*_a.csv", "trips/b_*.csv", "trips/b__a.csv"),
        ("**/x.csv", "trips/*.csv", "trips/x.csv"),
        ("trips/?.csv", "trips/1.csv", "trips/1.csv"),
        ("trips/trips.csv", "trips/trips.csv", "trips/trips.csv"),
        ("trips/{date:%Y%m%d}.csv", "trips/2024*.csv", "trips/20240131.csv"),
        ("trips/{town}_{date:%Y}.csv", "trips/bern_*.csv", "trips/bern_2024.csv"),
        ("trips/*.csv", "rides/*.csv", None),
        ("trips/*.csv", "trips/*.csv.gz", None),
        ("trips/a*.csv", "trips/b*.csv", None),
        ("trips/*.csv", "trips/more/*.csv", None),
    ],
)
def test_key_that_two_patterns_take_is_found(one: str, other: str, key: str | None) -> None:
    assert (shared_key(one, other) is None) == (key is None)
    assert (shared_key(other, one) is None) == (key is None)


def problems(tmp_path: Path, **schemas: dict[str, str]) -> list[str]:
    for name, values in schemas.items():
        given = {"pattern": f"{name}/*", "table": f"lake.{name}", "type": "integer"} | values
        (tmp_path / f"{name}.yaml").write_text(SCHEMA.format(**given))
    return list(problems_between({path: read_file_type(path) for path in schema_paths(tmp_path)}))


def test_overlapping_patterns_are_reported_with_their_line(tmp_path: Path) -> None:
    [found] = problems(tmp_path, rides={"pattern": "in/*.csv"}, trips={"pattern": "in/t*.csv"})

    assert found.startswith(f"{tmp_path.name}/trips.yaml:3: landing.pattern: in/t*.csv and in/*.csv of ")
    golden("schema", "overlapping patterns", found)


def test_same_pattern_in_another_landing_bucket_is_allowed(tmp_path: Path) -> None:
    in_partners = {"pattern": 'in/t*.csv", bucket: "partners'}

    assert problems(tmp_path, rides={"pattern": "in/*.csv"}, trips=in_partners) == []
    [found] = problems(tmp_path, rides={"pattern": 'in/*.csv", bucket: "partners'}, trips=in_partners)
    assert found.startswith(f"{tmp_path.name}/trips.yaml:3: landing.pattern: in/t*.csv and in/*.csv of ")


def test_one_table_with_other_columns_is_reported_with_its_line(tmp_path: Path) -> None:
    [found] = problems(tmp_path, rides={"table": "lake.all"}, trips={"table": "lake.all", "type": "bigint"})

    assert f"{tmp_path.name}/trips.yaml:5: table.name: lake.all " in found
    assert "id is bigint here and integer there" in found


def test_one_table_with_the_same_columns_is_good(tmp_path: Path) -> None:
    assert problems(tmp_path, rides={"table": "lake.all"}, trips={"table": "lake.all"}) == []


@pytest.mark.parametrize(
    ("mode", "what"),
    [
        ("truncate", "deletes all other rows"),
        ("replace", "puts a new table in the old one's place"),
        ("merge, key: [id]", "replaces rows by key"),
    ],
)
def test_mode_that_deletes_rows_needs_its_own_table(tmp_path: Path, mode: str, what: str) -> None:
    table = f"lake.all, mode: {mode}"

    [found] = problems(tmp_path, rides={"table": "lake.all"}, trips={"table": table})
    [other] = problems(tmp_path, rides={"table": table}, trips={"table": "lake.all"})
    both = problems(tmp_path, rides={"table": table}, trips={"table": table})

    name, mode = tmp_path.name, mode.split(",", maxsplit=1)[0]
    assert found.startswith(f"{name}/trips.yaml:5: table.mode: is {mode}, by which a load {what}")
    assert f"lake.all is also the table of {name}/rides.yaml (mode append)" in found
    assert other.startswith(f"{name}/rides.yaml:5: table.mode: ")
    assert len(both) == 2


def test_committed_schemas_are_good_together() -> None:
    paths = schema_paths(REPOSITORY / "schemas")

    assert list(problems_between({path: read_file_type(path) for path in paths})) == []
