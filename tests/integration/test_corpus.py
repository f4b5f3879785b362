"""A small part of `make corpus`: every value of a file is in its table, by an independent reader."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lakeport.redshift.session import Warehouse
from local.config import REPOSITORY
from tests.corpus import hostile_samples, random_tables
from tests.corpus.comparing import differences
from tests.corpus.loading import Loader, Outcome

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PUBLIC = REPOSITORY / "tests" / "data" / "public"
FILES = [
    *("elements.avro", "elements.csv", "iris.csv.zip", "lincoln_weather.parquet", "penguins.txt", "penguins.xlsx"),
    *("titanic_all.orc", "unemployment1948.csv", "us_marriages_divorces.json"),
]
SEEDS = 4 * len(random_tables.WRITERS)


@pytest.fixture
def loader(warehouse: Warehouse, s3: S3Client) -> Loader:
    return Loader(warehouse, s3, has_plan=False)


@pytest.mark.parametrize("name", FILES)
def test_values_of_a_public_file_are_those_of_its_table(loader: Loader, name: str) -> None:
    result = loader.run(PUBLIC / name)

    assert result.outcome is Outcome.equal, result.words


@pytest.mark.parametrize("seed", range(1, SEEDS + 1))
def test_values_of_a_random_table_are_those_of_its_table(loader: Loader, seed: int, tmp_path: Path) -> None:
    path = random_tables.write(seed, tmp_path)
    result = loader.run(path)

    assert result.outcome is Outcome.equal, f"{path.name}: {result.words}"


def test_values_of_hostile_samples_are_those_of_their_tables(loader: Loader, tmp_path: Path) -> None:
    solved = [name for name, expected in hostile_samples.EXPECTED.items() if not isinstance(expected, str)]
    results = {name: loader.run(hostile_samples.write(name, tmp_path)) for name in solved}

    assert {name: result.words for name, result in results.items() if result.outcome is not Outcome.equal} == {}


@pytest.mark.parametrize(
    ("raw", "type_", "loaded"),
    [
        ("1.000", "decimal(7,5)", 1000),
        ("00501", "integer", 501),
        ("5.5", "decimal(4,2)", None),
        ("2024-03-31T03:30:00+02:00", "timestamptz", "2024-03-31 03:30:00"),
        ("NA", "varchar(8)", None),
    ],
)
def test_comparison_finds_a_value_that_differs(raw: str, type_: str, loaded: Any) -> None:
    schema = {"format": {"type": "csv", "null_as": "NA"}, "columns": [{"name": "x", "type": type_}]}

    assert list(differences(schema, {}, [[raw]], [[loaded]]))
