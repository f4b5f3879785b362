"""`select: all`: many files by one COPY and one commit, with each file's own rows, rejects and status."""

from __future__ import annotations

import io
import random
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from airflow.sdk.exceptions import AirflowFailException
from botocore.awsrequest import AWSResponse, HTTPHeaders
from psycopg2.extensions import connection
from urllib3 import HTTPResponse

from lakeport.airflow.operators.copy_all_from_s3 import CopyAllFromS3Operator
from lakeport.airflow.operators.prepare import PrepareFilesOperator, files_at_once
from lakeport.errors import MustLoadSeparately
from lakeport.files import s3_objects
from lakeport.loading import copy_reports
from lakeport.loading.files_to_load import FileToLoad
from lakeport.loading.many_files import BatchLoad, batches
from lakeport.mng import claims
from lakeport.model import RegisteredFile, TaskRun
from lakeport.redshift.connecting import connect_to_redshift
from lakeport.redshift.fitting import fit_table
from lakeport.redshift.session import Warehouse
from lakeport.schema.file_type import FileType
from local.config import Config
from tests.integration.file_types import make_file_type
from tests.integration.killing import kills_before_each_statement
from tests.support.answers import Answers, both_ways
from tests.support.golden import raises_golden
from tests.support.operators import AS_DOCUMENTED, run

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

Query = Callable[..., list[tuple[Any, ...]]]
Land = Callable[..., RegisteredFile]
HEADER = b"id,city,price\n"


def type_of(**changes: Any) -> FileType:
    name = make_file_type().name
    landing = {"pattern": f"{name}/*", "select": "all"}
    return make_file_type(**{"name": name, "landing": landing, "rejects": {"warn": 0, "fail": 1}, **changes})


@pytest.fixture
def claim(land: Land, warehouse: Warehouse) -> Callable[..., tuple[list[RegisteredFile], TaskRun]]:
    """Bring files as far as copy_to_table, in the order given."""

    def run(file_type: FileType, *bodies: bytes) -> tuple[list[RegisteredFile], TaskRun]:
        files = [land(file_type, body, f"{number:03}.csv") for number, body in enumerate(bodies)]
        by = TaskRun(file_type.dag_id, "run1", "copy_to_table")
        warehouse.transaction(lambda current: claims.claim(current, [file.file_id for file in files], by))
        fit_table(warehouse, file_type)
        return files, by

    return run


Claim = Callable[..., tuple[list[RegisteredFile], TaskRun]]


def copy_all(
    file_type: FileType, files: Sequence[RegisteredFile], by: TaskRun, answers: Answers = AS_DOCUMENTED
) -> list[str]:
    """Run copy_to_table and return the ids of what it loaded."""
    copy = CopyAllFromS3Operator(task_id="copy", file_type=file_type, files=[file.to_xcom() for file in files])
    return [each["file_id"] for each in run(copy, by, answers)]


def accounts(query: Query, file_type: FileType) -> list[tuple[Any, ...]]:
    """Return status, rows in file, loaded, rejected and the number of the COPY, for each file in its order."""
    rows = query(
        "SELECT status, rows_in_file, rows_loaded, rows_rejected, query_id FROM mng.files "
        "WHERE file_type = %s ORDER BY key",
        (file_type.name,),
    )
    copies = {query_id: number for number, query_id in enumerate(sorted({row[-1] for row in rows if row[-1]}))}
    return [(*row[:-1], copies.get(row[-1])) for row in rows]


def ids(query: Query, file_type: FileType) -> list[int]:
    return [id_ for (id_,) in query(f"SELECT id FROM {file_type.table.name} ORDER BY id")]  # noqa: S608


@both_ways
def test_files_are_loaded_by_one_copy_each_with_its_own_rows_and_rejects(
    claim: Claim, query: Query, answers: Answers
) -> None:
    file_type = type_of(rejects={"warn": 0, "fail": 2})
    rows = [b"1,Bern,1\n2,Oslo,2\n", b"three,Bern,1\n4,Rome,1\n5,Rome,far\n6,Rome,1\n", b"", b'7,"Bad\nEms",1\n']
    files, by = claim(file_type, *(HEADER + each for each in rows))
    assert copy_all(file_type, files, by, answers) == [file.file_id for file in files]
    assert accounts(query, file_type) == [
        ("In Progress", 2, 2, 0, 0),
        ("In Progress", 4, 2, 2, 0),
        ("In Progress", 0, 0, 0, 0),
        ("In Progress", 1, 1, 0, 0),
    ]
    assert ids(query, file_type) == [1, 2, 4, 6, 7]
    rejected = query(
        "SELECT file_id, line_number, column_name, raw_value, raw_line FROM mng.load_errors "
        "WHERE file_id IN %s ORDER BY 2",
        (tuple(file.file_id for file in files),),
    )
    first, second = (2, "id", "three", "three,Bern,1"), (4, "price", "far", "5,Rome,far")
    in_order = [(-1, "price", None, None), first] if answers else [first, second]
    assert rejected == [(files[1].file_id, *each) for each in in_order]
    assert copy_all(file_type, files, by, answers) == [file.file_id for file in files]
    assert ids(query, file_type) == [1, 2, 4, 6, 7]


@both_ways
def test_bad_file_is_found_by_halving_and_the_others_are_loaded_together(
    claim: Claim, query: Query, answers: Answers
) -> None:
    file_type = type_of()
    bodies = [HEADER + f"{number},Bern,1\n".encode() for number in range(16)]
    bodies[5] = HEADER + b"x,Bern,1\ny,Bern,1\n"
    files, by = claim(file_type, *bodies)
    assert copy_all(file_type, files, by, answers) == [file.file_id for file in files if file != files[5]]
    assert ids(query, file_type) == [number for number in range(16) if number != 5]
    found = accounts(query, file_type)
    assert [each[0] for each in found] == ["Fail" if number == 5 else "In Progress" for number in range(16)]
    # 0-3, 4, 5 (which records what it found), 6-7, 8-15
    assert [each[-1] for each in found] == [0] * 4 + [1, 2] + [3] * 2 + [4] * 8


@pytest.mark.parametrize("is_shown", [True, False])
def test_values_of_files_that_one_copy_loads_are_shown_only_if_the_schema_shows_them(
    claim: Claim, query: Query, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str], *, is_shown: bool
) -> None:
    """Of a rejected row; then of an error of Redshift, for which the files are loaded one by one and fail."""
    file_type = type_of(rejects={"warn": 0, "fail": 1, "show": is_shown})
    files, by = claim(file_type, HEADER + b"1,Bern,1\n", HEADER + b"2,Oslo,1\nx42424,Oslo,1\n")
    assert copy_all(file_type, files, by) == [file.file_id for file in files]
    assert [each[2:] for each in accounts(query, file_type)] == [(1, 0, 0), (1, 1, 0)]
    assert ("x42424" in caplog.text) is is_shown

    file_type = type_of(rejects={"show": is_shown}, checks=["city::date > '2026-01-01'"])
    files, by = claim(file_type, HEADER + b"1,42424,1\n", HEADER + b"2,42424,1\n")
    with pytest.raises(AirflowFailException, match="2 of 2 files"):
        copy_all(file_type, files, by)
    reasons = query("SELECT status_reason FROM mng.files WHERE file_type = %s AND status = 'Fail'", (file_type.name,))
    assert ["42424" in reason for (reason,) in reasons] == [is_shown] * 2
    of_tasks = capsys.readouterr().out
    assert "2 files cannot be loaded together" in of_tasks
    assert ("42424" in of_tasks) is is_shown


def test_file_that_copy_cannot_read_fails_alone(claim: Claim, query: Query) -> None:
    file_type = type_of(format={"type": "parquet"})
    bodies = [io.BytesIO(), io.BytesIO()]
    for number, body in enumerate(bodies):
        columns = {"id": pa.array([number], pa.int32()), "city": ["Bern"], "price": pa.array([1], pa.decimal128(8, 2))}
        pq.write_table(pa.table(columns), body)
    files, by = claim(file_type, bodies[0].getvalue(), b"no parquet", bodies[1].getvalue())
    assert copy_all(file_type, files, by) == [files[0].file_id, files[2].file_id]
    assert ids(query, file_type) == [0, 1]
    [reason] = query("SELECT status_reason FROM mng.files WHERE file_type = %s AND status = 'Fail'", (file_type.name,))
    assert "is not a readable Parquet file" in reason[0]


def refusing(key: str) -> S3Client:
    """Return an S3 client to which the server refuses one object, such as one with a key of its sender."""
    client = boto3.client("s3")

    def refuse(request: Any, **_: Any) -> Any:
        if key not in request.url:
            return None
        body = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
        raw = HTTPResponse(io.BytesIO(b"" if request.method == "HEAD" else body), preload_content=False)
        return AWSResponse(request.url, 403, HTTPHeaders(), raw)

    client.meta.events.register("before-send.s3", refuse)
    return client


@pytest.mark.parametrize("encoding", ["utf8", "cp1252"])
def test_file_that_s3_refuses_fails_alone(
    claim: Claim, query: Query, monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    """Also if it must be prepared."""
    file_type = type_of(format={"type": "csv", "header_lines": 1, "encoding": encoding})
    files, by = claim(file_type, *(HEADER + f"{number},Bern,1\n".encode() for number in range(3)))
    monkeypatch.setattr(s3_objects, "s3_client", lambda: refusing(files[1].key))
    given = [file.to_xcom() for file in files]
    prepare = PrepareFilesOperator(task_id="prepare", file_type=file_type, files=given)
    prepared = run(prepare, by) if file_type.is_prepared else None
    copy = CopyAllFromS3Operator(task_id="copy", file_type=file_type, files=given, prepared=prepared)
    assert [each["file_id"] for each in run(copy, by)] == [files[0].file_id, files[2].file_id]
    assert ids(query, file_type) == [0, 2]
    [(reason,)] = query("SELECT status_reason FROM mng.files WHERE file_id = %s", (files[1].file_id,))
    assert files[1].key in reason


def test_files_with_another_column_order_load_separately(claim: Claim, query: Query) -> None:
    file_type = type_of()
    other = b"city,id,price\n"
    files, by = claim(file_type, HEADER + b"1,Bern,1\n", other + b"Rome,2,1\n", HEADER + b"3,Oslo,1\n", b"one,two\n")
    assert len(copy_all(file_type, files, by)) == 3
    assert ids(query, file_type) == [1, 2, 3]
    assert [each[0] for each in accounts(query, file_type)] == ["In Progress"] * 3 + ["Fail"]
    assert [each[-1] for each in accounts(query, file_type)] == [0, 1, 0, None]


@pytest.mark.parametrize("drift", ["add", "ignore"])
def test_columns_missing_in_the_schema_are_treated_as_drift_is_set(claim: Claim, query: Query, drift: str) -> None:
    file_type = type_of(drift=drift)
    header = b"id,city,price,tour\n"
    files, by = claim(file_type, header + b"1,Bern,1,a\n", header + b"2,Rome,1,b\n", HEADER + b"3,Oslo,1\n")
    assert len(copy_all(file_type, files, by)) == 3
    assert ids(query, file_type) == [1, 2, 3]
    assert [each[-1] for each in accounts(query, file_type)] == [0, 0, 1]
    if drift == "add":
        assert query(f"SELECT tour FROM {file_type.table.name} ORDER BY id") == [("a",), ("b",), (None,)]  # noqa: S608


def test_overwritten_version_is_loaded_separately_from_a_copy(claim: Claim, query: Query, s3: S3Client) -> None:
    file_type = type_of()
    files, by = claim(file_type, *(HEADER + f"{number},Bern,1\n".encode() for number in range(3)))
    s3.put_object(Bucket=files[1].bucket, Key=files[1].key, Body=HEADER + b"99,Rome,1\n")
    assert len(copy_all(file_type, files, by)) == 3
    assert ids(query, file_type) == [0, 1, 2]
    assert [each[-1] for each in accounts(query, file_type)] == [0, 1, 0]


def test_large_files_are_prepared_one_by_one(land: Land) -> None:
    """A worker's disk, which an archive or a workbook is written to, does not hold several of them."""
    file_type = type_of(format={"type": "xlsx"})
    file = land(file_type, HEADER, "a.csv")
    sizes = {1 << 30: 4, 3 << 30: 1}
    for size_bytes, at_once in sizes.items():
        files = [replace(file, size_bytes=size_bytes)] * 4
        assert files_at_once(file_type, files) == at_once


@pytest.fixture(autouse=True)
def transforms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "in_capitals.sql").write_text("SELECT id, UPPER(city) AS city, price FROM {stage}")
    (tmp_path / "with_city.sql").write_text("SELECT id, city, price FROM {stage} WHERE city IS NOT NULL")
    monkeypatch.setenv("LAKEPORT_TRANSFORMS", str(tmp_path))


def test_files_that_must_load_separately_do(land: Land, s3: S3Client) -> None:
    """And so are those whose names the views of COPY would not show whole, or not tell from another's."""
    own_table = {"exists_in": {"columns": ["id"], "table": "lake.own"}}
    types = [
        (type_of(table={"mode": "merge", "key": ["id"], "deletes": "city = 'gone'"}), "ab"),
        (type_of(table={"mode": "slice", "slice": ["id"]}), "ab"),
        (type_of(table={"mode": "history", "key": ["id"], "history": {"from": "landed_at"}}), "ab"),
        (type_of(table={"mode": "new_table"}), "ab"),
        (type_of(table={"name": "lake.own"}, checks=[own_table]), "ab"),
        (type_of(checks=["id > (SELECT MIN(2))"]), "ab"),
        (type_of(checks=[r"city <> '\'' AND id > (SELECT MIN(2)) AND city <> '\''"]), "ab"),
        (type_of(transform={"sql": "with_city"}), "ab"),
        (type_of(), ["é", "a ", "x" * 300, "a\tb"]),
    ]
    for file_type, names in types:
        files = [land(file_type, HEADER, name) for name in names]
        together = batches(s3, file_type, [FileToLoad(file, (file.source(),)) for file in files])
        assert [len(each) for each in together] == [1] * len(names)


CITY_CHECKS = [
    {"sql": "price < 9", "else": "reject"},
    {"accepted_values": {"column": "city", "values": ["Bern", "Oslo", "Rome"]}, "up_to": 1},
    {"not_null": ["city"], "else": "warn"},
    {"unique": ["id"]},
    {"row_count": {"min": 1, "max": 4}},
    "id < 90",
]
MERGED = {"mode": "merge", "key": ["id"], "wins": {"highest": "price"}, "keep_replaced": "7d"}


@pytest.mark.parametrize("changes", [{"checks": CITY_CHECKS}, {"table": MERGED}, {"transform": {"sql": "in_capitals"}}])
def test_files_without_a_fault_are_one_copy(claim: Claim, query: Query, changes: dict[str, Any]) -> None:
    """And files that landed before a failed one are, in mode merge."""
    file_type = type_of(**changes)
    files, by = claim(file_type, *(HEADER + b"%d,Bern,1\n%d,Oslo,\n" % (n, n + 20) for n in range(8)))
    assert len(copy_all(file_type, files, by)) == 8
    assert accounts(query, file_type) == [("In Progress", 2, 2, 0, 0)] * 8


@pytest.mark.parametrize(
    "changes",
    [
        {"checks": CITY_CHECKS},
        {"checks": CITY_CHECKS, "table": MERGED},
        {"table": {**MERGED, "wins": None}},
        {"transform": {"sql": "in_capitals"}, "checks": CITY_CHECKS[1:3]},
    ],
)
@pytest.mark.parametrize("seed", [1, 2])
def test_loaded_together_or_one_by_one_the_outcome_is_the_same(
    land: Land, query: Query, warehouse: Warehouse, changes: dict[str, Any], seed: int
) -> None:
    """Names with a blank at the end are loaded one by one."""
    chance = random.Random(seed)
    bodies = [HEADER + b"".join(some_row(chance) for _ in range(chance.randrange(5))) for _ in range(6)]
    outcomes, copies = [], []
    for ending in ("", " "):
        file_type = type_of(rejects={"fail": 1}, **changes)
        files = [land(file_type, body, f"{number}{ending}") for number, body in enumerate(bodies)]
        by = TaskRun(file_type.dag_id, "run1", "copy_to_table")
        warehouse.transaction(lambda current: claims.claim(current, [each.file_id for each in files], by))  # noqa: B023
        fit_table(warehouse, file_type)
        with suppress(AirflowFailException):  # of a run without a good file
            copy_all(file_type, files, by)
        outcomes.append(re.sub(rf"{file_type.name}/(\d){ending}", r"\1", outcome(query, file_type)))
        copies.append({each[-1] for each in accounts(query, file_type)})
    assert outcomes[0] == outcomes[1]
    assert len(copies[0]) <= len(copies[1])


def some_row(chance: random.Random) -> bytes:
    id_ = chance.choice(["x", *map(str, range(100))]) if chance.random() < 0.2 else str(chance.randrange(30))
    return f"{id_},{chance.choice(['Bern', 'Oslo', 'Rome', 'Rome', 'Lima', ''])},{chance.randrange(10)}\n".encode()


def outcome(query: Query, file_type: FileType) -> str:
    """Return what became of the files and of their rows, as text."""
    files = query(
        "SELECT key, status, rows_in_file, rows_loaded, rows_rejected, check_warnings, status_reason "
        "FROM mng.files WHERE file_type = %s ORDER BY key",
        (file_type.name,),
    )
    errors = query(
        "SELECT f.key, e.line_number, e.column_name, e.error_reason, e.raw_line FROM mng.load_errors e "
        "JOIN mng.files f ON f.file_id = e.file_id WHERE f.file_type = %s ORDER BY 1, 2, 4, 5",
        (file_type.name,),
    )
    rows = query(f"SELECT id, city, price FROM {file_type.table.name} ORDER BY 1, 2, 3")  # noqa: S608
    return "\n".join(map(str, [*files, *errors, *rows]))


def test_lines_that_do_not_add_up_to_rows_are_not_taken_for_rows(
    claim: Claim, query: Query, s3: S3Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where the view never shows the files, or counts lines that are not rows."""
    monkeypatch.setattr(copy_reports, "VIEWS_WITHIN_SECONDS", 0.2)
    file_type = type_of()
    files, by = claim(file_type, *(HEADER + f"{number},Bern,1\n".encode() for number in range(2)))

    def connect() -> connection:
        opened = connect_to_redshift()
        with opened, opened.cursor() as current:
            current.execute(
                "CREATE TEMP TABLE sys_load_detail (start_time TIMESTAMP, file_name VARCHAR, lines_scanned INT)"
            )
        return opened

    with Warehouse(connect) as late:
        together = tuple(FileToLoad(file, (file.source(),)) for file in files)
        with raises_golden(
            MustLoadSeparately, "loading", "rows of each file are unknown", "0 lines", "2 rows"
        ) as raised:
            BatchLoad(file_type, together, by, late, s3).run()
    assert raised.value.is_for_each_file
    assert ids(query, file_type) == []


@pytest.mark.usefixtures("retrying_at_once")
def test_killed_before_any_statement_and_run_again_loads_once(
    claim: Claim, query: Query, redshift: Config, s3: S3Client
) -> None:
    file_type = type_of()
    files, by = claim(file_type, HEADER + b"1,Bern,1\nx,Rome,1\n", HEADER + b"2,Oslo,1\n")
    together = tuple(FileToLoad(file, (file.source(),)) for file in files)
    for killed in kills_before_each_statement(redshift, file_type.table, *files):
        BatchLoad(file_type, together, by, killed, s3).run()
        assert ids(query, file_type) == [1, 2]
        assert accounts(query, file_type) == [("In Progress", 2, 1, 1, 0), ("In Progress", 1, 1, 0, 0)]
