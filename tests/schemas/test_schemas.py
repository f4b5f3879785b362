"""Every committed schema: it is good, its DAG can be built, and its sample is a file it takes."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import zipfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pysequoia
import pytest

from lakeport.arrivals.publishing import rule_of
from lakeport.arrivals.rules import ArrivalIndex
from lakeport.files.header import columns_of_file
from lakeport.model import Match
from lakeport.schema.file_type import FileType
from lakeport.schema.reader import read_file_type, schema_paths
from lakeport.schema.record_formats import Json
from lakeport.schema.text_formats import Csv

REPOSITORY = Path(__file__).parents[2]
SCHEMAS = schema_paths(REPOSITORY / "schemas")
SAMPLES = {
    "airlines": "airlines.csv",
    "airports": "airports.csv",
    "delays": "flights_2013_01.csv.gz",
    "carriers": "carriers_2015-10-17.csv",
    "departures": "flights_2013_01.csv.gz",
    "flights": "flights_2013.csv.zip",
    "planes": "planes.jsonl",
    "readings": "readings_2013-01-01_to_03.csv.gz.pgp",
    "weather": "weather_2013.csv.gz",
}
DAMAGED = {"airports": "damaged/airports_damaged.csv", "weather": "damaged/weather_2013_damaged.csv.gz"}

each_schema = pytest.mark.parametrize(
    "path", [pytest.param(path, id=str(path.relative_to(REPOSITORY))) for path in SCHEMAS]
)
each_sample = pytest.mark.parametrize(("name", "sample"), [*SAMPLES.items(), *DAMAGED.items()])


def file_type(name: str) -> FileType:
    return read_file_type(REPOSITORY / "schemas" / f"{name}.yaml")


def lines(sample: str) -> Iterator[str]:
    """Yield a sample's lines, uncompressed by means of Python alone."""
    data = (REPOSITORY / "samples" / sample).read_bytes()
    if sample.endswith(".zip"):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            data = archive.read(archive.namelist()[0])
    if sample.endswith(".pgp"):
        key = pysequoia.Tsk.from_file(str(REPOSITORY / "samples" / "keys" / "readings.asc"))
        data = pysequoia.decrypt(data, key.decryptor()).bytes or b""
    if ".gz" in sample:
        data = gzip.decompress(data)
    yield from io.StringIO(data.decode())


@each_schema
def test_schema_is_good(path: Path) -> None:
    assert read_file_type(path).name == path.stem


@each_schema
def test_schema_describes_every_column(path: Path) -> None:
    """The catalog is only as good as this."""
    assert [column.name for column in read_file_type(path).columns if not column.description] == []


@each_schema
def test_schema_has_a_sample(path: Path) -> None:
    assert path.stem in SAMPLES


def test_there_are_schemas() -> None:
    assert SCHEMAS


@each_sample
def test_sample_matches_only_its_file_type(name: str, sample: str) -> None:
    index = ArrivalIndex(tuple(rule_of(read_file_type(path)) for path in SCHEMAS))

    assert index.match(f"{name}/{Path(sample).name}", 1, file_type(name).landing.bucket) == Match(name)


def test_unexpected_sample_is_rejected() -> None:
    index = ArrivalIndex(tuple(rule_of(read_file_type(path)) for path in SCHEMAS))

    match = index.match("crew/crew_roster.csv", 1)

    assert match.file_type is None
    assert (
        "folder crew/; known folders: airlines/, airports/, carriers/, delays/, flights/, planes/, readings/, weather/;"
        in (match.rejected_because or "")
    )


@pytest.mark.parametrize(
    ("name", "sample"), [pair for pair in (*SAMPLES.items(), *DAMAGED.items()) if file_type(pair[0]).format.has_header]
)
def test_header_of_the_sample_fits_its_schema(name: str, sample: str) -> None:
    header = next(lines(sample)).rstrip("\r\n")

    of_file = columns_of_file(file_type(name), header)
    ignored = [column.name for column in of_file.ignored]
    assert [each for each in of_file.names if each not in ignored] == in_order_of(header, file_type(name))


def in_order_of(header: str, schema: FileType) -> list[str]:
    columns = {column.header_word: column.name for column in schema.file_columns}
    return [columns[word] for word in header.split(",") if word in columns]


def test_keys_of_the_json_sample_fit_its_schema() -> None:
    columns = file_type("planes").column_names

    assert {tuple(json.loads(line)) for line in lines(SAMPLES["planes"])} == {columns}


@pytest.mark.parametrize(("name", "sample"), SAMPLES.items())
def test_values_of_the_sample_fit_their_columns(name: str, sample: str) -> None:
    """Required columns are filled, texts fit their bytes, numbers are numbers, in its first 30,000 rows."""
    schema = file_type(name)
    numbers = {"smallint", "integer", "bigint", "decimal", "double precision"}
    longest = {column.name: 0 for column in schema.file_columns}
    for row in islice(rows(schema, sample), 30_000):
        for column in schema.file_columns:
            value = row[column.header or column.name]
            if value is None:
                assert not column.required, (column.name, row)
            elif column.type.name in numbers:
                assert re.fullmatch(r"-?\d+(\.\d+)?(e\d+)?", value), (column.name, row)
                assert column.type.name != "smallint" or -32768 <= int(value) <= 32767, (column.name, row)
            else:
                longest[column.name] = max(longest[column.name], len(value.encode()))
    limits = {column.name: column.type.arguments[0] for column in schema.file_columns if "char" in column.type.name}
    assert [column for column, limit in limits.items() if longest[column] > limit] == []


def rows(schema: FileType, sample: str) -> Iterator[dict[str, str | None]]:
    if isinstance(schema.format, Json):
        for line in lines(sample):
            yield {name: None if value is None else str(value) for name, value in json.loads(line).items()}
        return
    assert isinstance(schema.format, Csv)
    reader = csv.reader(lines(sample))
    names = next(reader)
    for fields in reader:
        assert len(fields) == len(names)
        yield {
            name: None if value == schema.format.null_as else value for name, value in zip(names, fields, strict=True)
        }
