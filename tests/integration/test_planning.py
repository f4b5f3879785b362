"""A plan for a sample shows what the load then records, and leaves nothing behind."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lakeport import settings
from lakeport.errors import TooManyRejects
from lakeport.loading.one_file import FileLoad
from lakeport.loading.plan import effects_on_rows, live_table_changes
from lakeport.loading.rehearsal import rehearse
from lakeport.redshift.session import Warehouse
from lakeport.schema.file_type import FileType
from lakeport.schema.reader import read_file_type
from local.config import REPOSITORY
from tests.integration.callables import Bring
from tests.integration.file_types import make_file_type
from tests.support.archives import packed
from tests.support.workbooks import workbook

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PrepareLoad = Callable[..., FileLoad]
Query = Callable[..., list[tuple[Any, ...]]]

BROKEN = b'id,city,price\n1,Bern,2.50\ntwo,Oslo,1\n3,"Rio de Janeiro",1\n4,Lima,x\n5,Rome\n,Kiel,3\n'
RECORDED = """
SELECT line_number, column_name, column_type, position, error_code, error_reason, raw_value, raw_line
FROM mng.load_errors WHERE file_id = %s ORDER BY line_number
"""


def sample(tmp_path: Path, data: bytes, name: str = "trips.csv") -> Path:
    (tmp_path / name).write_bytes(data)
    return tmp_path / name


def as_rows(outcome: Any) -> list[tuple[Any, ...]]:
    return [
        (r.line_number, r.column_name, r.column_type, r.position, r.error_code, r.error_reason, r.raw_value, r.raw_line)
        for r in outcome.rejected
    ]


def everything(query: Query) -> list[Any]:
    """Return what a plan must not change."""
    counts = [query(f"SELECT COUNT(*) FROM mng.{table}") for table in ("files", "load_errors", "status_log")]  # noqa: S608
    schemas = query("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'plan%%' OR nspname = 'lake' ORDER BY 1")
    return [
        *counts,
        schemas,
        query("SELECT COUNT(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'lake'"),
    ]


def test_plan_shows_the_rejected_rows_that_the_load_records(
    tmp_path: Path, warehouse: Warehouse, s3: S3Client, prepare_load: PrepareLoad, query: Query, file_type: FileType
) -> None:
    outcome = rehearse(file_type, sample(tmp_path, BROKEN), warehouse, s3)
    load = prepare_load(file_type, BROKEN)
    with pytest.raises(TooManyRejects):
        load.run()

    assert len(outcome.rejected) == 5
    assert as_rows(outcome) == query(RECORDED, (load.file.file_id,))
    assert (outcome.rows_in_file, outcome.rows_loaded) == (6, 0)
    assert outcome.problem.startswith("trips.csv: 5 of 6 rows were rejected, schemas/")


def test_plan_counts_what_would_load_within_the_limit(
    tmp_path: Path, warehouse: Warehouse, s3: S3Client, prepare_load: PrepareLoad
) -> None:
    file_type = make_file_type(
        rejects={"fail": "90%"}, format={"type": "csv", "header_lines": 1, "compression": "gzip"}
    )
    outcome = rehearse(file_type, sample(tmp_path, gzip.compress(BROKEN), "trips.csv.gz"), warehouse, s3)
    done = prepare_load(file_type, gzip.compress(BROKEN), name="trips.csv.gz").run()

    assert (outcome.rows_in_file, outcome.rows_loaded) == (done.rows_in_file, done.rows_loaded) == (6, 1)
    assert outcome.problem == ""


def test_plan_leaves_nothing_behind(
    tmp_path: Path, warehouse: Warehouse, s3: S3Client, query: Query, file_type: FileType
) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("trips.csv", BROKEN)
    zipped = make_file_type(format={"type": "csv", "header_lines": 1, "compression": "zip"})
    before = everything(query), objects(s3)

    rehearse(zipped, sample(tmp_path, packed.getvalue(), "trips.csv.zip"), warehouse, s3)
    rehearse(file_type, sample(tmp_path, b"wrong,header\n1,2\n"), warehouse, s3)
    rehearse(make_file_type(format={"type": "parquet"}), sample(tmp_path, b"no parquet"), warehouse, s3)
    by_path = make_file_type(format={"type": "json", "jsonpaths": ["$.id", "$.city", "$.price"]})
    rehearse(by_path, sample(tmp_path, b'{"id": 1, "city": "Bern", "price": 2}'), warehouse, s3)

    assert (everything(query), objects(s3)) == before


def objects(s3: S3Client) -> list[str]:
    found = s3.list_objects_v2(Bucket=settings.work_bucket()).get("Contents", [])
    return sorted(each["Key"] for each in found if "plan" in each["Key"])


@pytest.mark.parametrize(
    ("data", "format_", "problem"),
    [
        (b"wrong,header\n1,2\n", {"type": "csv", "header_lines": 1}, "the header does not match"),
        (b"no parquet", {"type": "parquet"}, "is not a readable Parquet file"),
        (b"no zip", {"type": "csv", "compression": "zip"}, "is not a readable .zip"),
    ],
)
def test_plan_shows_why_nothing_would_load(
    tmp_path: Path, warehouse: Warehouse, s3: S3Client, data: bytes, format_: dict[str, Any], problem: str
) -> None:
    outcome = rehearse(make_file_type(format=format_), sample(tmp_path, data), warehouse, s3)

    assert problem in outcome.problem
    assert outcome.rows_loaded == 0


@pytest.mark.parametrize(
    ("name", "file", "rejected", "loaded"),
    [("airports", "damaged/airports_damaged.csv", 2, 1456), ("planes", "planes.jsonl", 0, 3322)],
)
def test_plan_of_a_committed_schema(
    warehouse: Warehouse, s3: S3Client, name: str, file: str, rejected: int, loaded: int
) -> None:
    file_type = read_file_type(REPOSITORY / "schemas" / f"{name}.yaml")

    outcome = rehearse(file_type, REPOSITORY / "samples" / file, warehouse, s3)

    assert (len(outcome.rejected), outcome.rows_loaded) == (rejected, loaded)


def test_plan_applies_the_tables_mode_and_the_checks(tmp_path: Path, warehouse: Warehouse, s3: S3Client) -> None:
    good = b"id,city,price\n1,Bern,2.50\n1,Oslo,1\n"
    for mode in ("append", "truncate", "replace", "new_table"):
        outcome = rehearse(make_file_type(table={"mode": mode}), sample(tmp_path, good), warehouse, s3)
        assert (outcome.problem, outcome.rows_loaded) == ("", 2)
    merged = rehearse(make_file_type(table={"mode": "merge", "key": ["id"]}), sample(tmp_path, good), warehouse, s3)
    checked = rehearse(make_file_type(checks=["price > 2"]), sample(tmp_path, good), warehouse, s3)
    assert (merged.rows_loaded, checked.rows_loaded) == (0, 0)
    assert "id" in merged.problem
    assert "price > 2" in checked.problem


def test_plan_shows_the_changes_to_the_existing_table(
    tmp_path: Path, warehouse: Warehouse, prepare_load: PrepareLoad, query: Query, file_type: FileType
) -> None:
    """As create_table then does it, and before anything is deployed."""
    prepare_load(file_type, b"id,city,price\n").run()
    table, name = file_type.table.name, {"name": file_type.name}
    columns = [column.model_dump(include={"name", "required"}) for column in file_type.columns]
    kinds = ("integer", "varchar(20)", "decimal(8,2)")
    wider = [{**column, "type": kind} for column, kind in zip(columns, kinds, strict=True)]
    longer = make_file_type(**name, columns=[*wider, {"name": "kind", "type": "char(1)"}])
    other = make_file_type(**name, columns=[{**wider[0], "type": "bigint"}, *wider[1:]])
    before = query(f"SELECT * FROM {table}"), everything(query)  # noqa: S608

    assert live_table_changes(file_type, warehouse) == ((), "")
    assert live_table_changes(make_file_type(), warehouse) == ((), "")
    changes, problem = live_table_changes(longer, warehouse)
    assert ["kind" in change or "varchar(20)" in change for change in changes] == [True, True]
    assert problem == ""
    changes, problem = live_table_changes(other, warehouse)
    assert changes == ()
    assert problem.startswith(f"{table} does not match schemas/{file_type.name}.yaml: id is integer in the table")
    assert '("id" bigint NOT NULL, ' in problem
    assert (query(f"SELECT * FROM {table}"), everything(query)) == before  # noqa: S608

    prepare_load(longer, b"id,city,price,kind\n1,Rio de Janeiro,1,a\n", name="second.csv", run_id="run2").run()
    assert live_table_changes(longer, warehouse) == ((), "")


@pytest.mark.parametrize(
    ("table", "effects"),
    [
        ({}, ["the rows of the table stay", "NULL in the new columns town", "the columns city of the table"]),
        ({"mode": "merge", "key": ["id"]}, ["rows with the same id are replaced", "columns town", "columns city"]),
        ({"mode": "truncate"}, ["all rows of the table are replaced"]),
        ({"mode": "replace"}, ["in a new table"]),
        ({"mode": "new_table"}, []),
    ],
    ids=str,
)
def test_plan_shows_what_becomes_of_the_rows_of_the_table(
    warehouse: Warehouse, prepare_load: PrepareLoad, file_type: FileType, table: dict[str, Any], effects: list[str]
) -> None:
    """Also of the values of a column that was renamed."""
    prepare_load(file_type, b"id,city,price\n").run()
    columns = [{"name": "id", "type": "integer", "required": True}, {"name": "town", "type": "varchar(8)"}]
    columns.append({"name": "price", "type": "decimal(8,2)"})
    renamed = make_file_type(columns=columns, table={"name": file_type.table.name, **table})

    found = effects_on_rows(renamed, warehouse)

    assert len(found) == len(effects)
    assert all(effect in each for effect, each in zip(effects, found, strict=True))
    assert effects_on_rows(make_file_type(table={"name": f"{file_type.table.name}_2"}), warehouse) == ()


BROKEN_FORMATS: dict[str, tuple[dict[str, Any], bytes]] = {
    "csv": ({"type": "csv", "header_lines": 1}, b"id,city,price\n1,Bern,1\ntwo,Oslo,2\n3,toolongacity,3\n"),
    "delimited": ({"type": "delimited"}, b"1|Bern|1\ntwo|Oslo|2\n3|Rome\n"),
    "fixed_width": ({"type": "fixed_width"}, b"001Bern  1.00\ntwoOslo  2.00\n"),
    "json": ({"type": "json"}, b'{"id": 1}\n{"id": "two", "city": "Oslo"}\n{"id": 3, "city": "toolongacity"}\n'),
    "json array": ({"type": "json", "layout": "array"}, b'[{"id": 1}, {"id": "two"}, {"id": null}]'),
    "xlsx": ({"type": "xlsx"}, workbook([[1, "Bern"], ["two", "Oslo"], [], [3, "toolongacity"]])),
    "zip": ({"type": "csv", "compression": "zip"}, packed({"a.csv": b"1,a,1\n", "b/c.csv": b"two,Oslo,2\n"}, "zip")),
    "gzip": ({"type": "csv", "compression": "gzip"}, gzip.compress(b"1,Bern,1\ntwo,Oslo,2\n")),
    "cp1252": ({"type": "csv", "encoding": "cp1252"}, b"1,Z\xfcrich,1\ntwo,Z\xfcrich,2\n"),
}


@pytest.mark.parametrize("name", BROKEN_FORMATS)
def test_plan_of_a_broken_sample_of_any_format_has_the_rejected_rows_that_the_load_records(
    name: str, bring: Bring, query: Query, warehouse: Warehouse, s3: S3Client, tmp_path: Path
) -> None:
    format_, body = BROKEN_FORMATS[name]
    widths = (3, 6, 4) if name == "fixed_width" else (None, None, None)
    kinds = ("integer", "varchar(8)", "decimal(8,2)")
    columns = [
        {"name": column, "type": kind, "width": width, "required": column == "id"}
        for column, kind, width in zip(("id", "city", "price"), kinds, widths, strict=True)
    ]
    file_type = make_file_type(format=format_, columns=columns, rejects={"fail": 2})
    outcome = rehearse(file_type, sample(tmp_path, body), warehouse, s3)
    load = bring(file_type, body)
    done = load.run()
    assert sorted(as_rows(outcome)) == sorted(query(RECORDED, (load.file.file_id,)))
    assert len(outcome.rejected) == done.rows_rejected > 0
    assert (outcome.rows_in_file, outcome.rows_loaded) == (done.rows_in_file, done.rows_loaded)
