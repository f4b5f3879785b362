# ruff: noqa: S608 - the names and numbers put into these statements are the tests' own
"""Every documented or observed case of COPY, compared with the stand-in."""

import base64
import datetime as dt
import io
import json
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg2
import psycopg2.errors
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from tests.support.golden import raises_golden

Case = dict[str, Any]

CASES: list[Case] = yaml.load((Path(__file__).parent / "copy_cases.yaml").read_text(), yaml.CSafeLoader)
STEPS = (
    *("fn-02-syntax-error-keeps-previous", "tx-02-truncate-commits"),
    *("tx-03-load-commits-visible-in-transaction", "tx-04-failed-copy-aborts-block"),
)
"""Cases described as steps; each has its own test below."""


def parameters() -> Iterator[Any]:
    for case in CASES:
        if case["id"] not in STEPS:
            yield pytest.param(case, id=case["id"])


class Run:
    """One case in its own bucket and schema."""

    def __init__(self, case: Case, warehouse: Any) -> None:
        self.case = case
        self.warehouse = warehouse
        self.bucket = "case-" + case["id"].lower()
        self.s3 = warehouse.stand_in.s3
        self.error: psycopg2.Error | None = None
        self.info: list[str] = []

    def prepare(self) -> None:
        self.s3.create_bucket(Bucket=self.bucket)
        for key, content in self.objects().items():
            self.s3.put_object(Bucket=self.bucket, Key=key, Body=content)
        for statement in self.case.get("ddl", [self.default_table()]):
            self.warehouse.run(statement)

    def default_table(self) -> str:
        width = int(match[1]) if (match := re.search(r"t\((\d+) columns\)", self.case.get("copy", ""))) else 1
        return f"CREATE TABLE t ({', '.join(f'a{number} int' for number in range(width))})"

    def objects(self) -> dict[str, bytes]:
        if "16 columns" in self.case.get("copy", ""):
            file = io.BytesIO()
            pq.write_table(pa.table({f"a{number}": pa.array([1], pa.int32()) for number in range(16)}), file)
            return {"f": file.getvalue()}
        given = self.case.get("objects", {"f": {"text": "1\n"}})
        return {key: self.content(value) for key, value in given.items()}

    def content(self, value: dict[str, str]) -> bytes:
        return base64.b64decode(value["b64"]) if "b64" in value else self.local(value["text"]).encode()

    def local(self, text: str) -> str:
        return text.replace("s3://b/", f"s3://{self.bucket}/")

    def statement(self, copy: str) -> str:
        copy = re.sub(r"t\(\d+ columns\)", "t", copy.partition("#")[0])
        named = [key for key in self.objects() if f"s3://b/{key}" not in copy]
        copy = re.sub(r"\bS3\(prefix ([^)]*)\)", r"'s3://b/\1'", copy)
        copy = re.sub(r"\bS3\b(?!:)", f"'s3://b/{named[-1] if named else ''}'", copy)
        return self.local(f"COPY {copy} IAM_ROLE default")

    def execute(self, copy: str) -> None:
        self.error = None
        self.warehouse.connection.notices.clear()
        try:
            self.warehouse.run(self.statement(copy))
        except psycopg2.Error as error:
            self.error = error
        self.info = [notice.removeprefix("INFO:").strip() for notice in self.warehouse.connection.notices]

    @property
    def table(self) -> str:
        return re.split(r"[\s(]", self.case["copy"])[0]

    def stored(self) -> list[list[Any]]:
        return [[comparable(value) for value in row] for row in self.warehouse.run(f"SELECT * FROM {self.table}")]

    def logged(self) -> list[dict[str, Any]]:
        names = [
            "file",
            "line",
            "colname",
            "type",
            "col_length",
            "position",
            "code",
            "reason",
            "raw_line",
            "raw_field_value",
        ]
        rows = self.warehouse.run(
            "SELECT trim(filename), line_number, trim(colname), trim(type), trim(col_length), position, err_code,"
            " trim(err_reason), trim(raw_line), trim(raw_field_value) FROM stl_load_errors"
            " WHERE query = pg_last_copy_id() ORDER BY filename, line_number"
        )
        return [dict(zip(names, row, strict=True)) for row in rows]


def comparable(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        value = value.astimezone(dt.UTC) if value.tzinfo else value
        text = value.isoformat(" ")
        return text.replace("+00:00", "+00") if "." not in text else re.sub(r"0+$", "", text)
    if isinstance(value, dt.date | Decimal):
        return str(value)
    return json.dumps(value) if isinstance(value, dict | list) else value


def comparison(case: Case) -> Callable[[Any], Any]:
    """Return how this case wants its values compared; CHAR is shown without its padding everywhere."""
    padded = any("char(" in statement.replace("varchar(", "") for statement in case.get("ddl", []))
    match case.get("compare"):
        case "json":
            return lambda value: json.dumps(json.loads(value), sort_keys=True) if str(value)[:1] in "{[" else value
        case "rtrim":
            return lambda value: value.rstrip() if isinstance(value, str) else value
    return lambda value: value.rstrip(" ") if padded and isinstance(value, str) and value.strip() else value


def check_rows(run: Run) -> None:
    compared = comparison(run.case)
    found = sorted(([compared(value) for value in row] for row in run.stored()), key=repr)
    wanted = sorted(([compared(value) for value in row] for row in run.case["rows"]), key=repr)
    if run.case["id"] == "txt-16-empty-default":
        found = [[value.strip() if isinstance(value, str) else value for value in row] for row in found]
    assert found == wanted


def check_errors(run: Run) -> None:
    logged = run.logged()
    wanted = [{key: value for key, value in error.items() if value is not None} for error in run.case["errors"]]
    assert len(logged) >= len(wanted)
    for error, found in zip(wanted, logged, strict=False):
        if "file" in error:
            error["file"] = f"s3://{run.bucket}/{error['file']}"
        prefix = error.pop("reason_prefix", "")
        assert found["reason"].startswith(prefix[:100])
        if "reason" in error:
            error["reason"] = error["reason"][:100]
        assert {key: found[key] for key in error} == error


def check_message(run: Run) -> None:
    case = run.case
    assert run.error is not None
    assert case.get("message", "") in str(run.error)
    assert run.error.pgcode == case.get("sqlstate", run.error.pgcode)
    detail = run.error.diag.message_detail or ""
    assert str(case.get("detail_code", "")) in detail
    assert case.get("detail_context_prefix", "") in detail


@pytest.mark.parametrize("case", list(parameters()))
def test_case(case: Case, warehouse: Any) -> None:
    run = Run(case, warehouse)
    run.prepare()
    for copy in case.get("copy_each") or [case["copy"]]:
        run.execute(copy)
        check_outcome(run)
    if "rows" in case:
        check_rows(run)
    if "count" in case:
        assert len(run.stored()) == case["count"]
    if "errors" in case:
        check_errors(run)
    check_info(run)
    check_details(run)


def check_outcome(run: Run) -> None:
    """Distinguish the three outcomes: only a load error leaves rows in the views."""
    outcome = run.case["outcome"]
    assert (run.error is None) == (outcome == "ok"), run.error
    if outcome != "ok":
        check_message(run)
        is_load_error = "Load into table" in str(run.error)
        assert is_load_error == (outcome == "load_error"), run.error


def check_info(run: Run) -> None:
    if "info" in run.case:
        assert run.info == run.case["info"]
    for part in run.case.get("info_contains", []):
        assert any(part in line for line in run.info)


def check_details(run: Run) -> None:
    functions = run.case.get("functions", {})
    if "pg_last_copy_count" in functions:
        assert run.warehouse.run("SELECT pg_last_copy_count()") == [(functions["pg_last_copy_count"],)]
    if "pg_last_copy_id" in functions:
        assert run.warehouse.run("SELECT max(query_id) = pg_last_copy_id() FROM sys_load_history") == [(True,)]
    if "loaderror_detail" in run.case:
        rows = run.warehouse.run(
            "SELECT line_number, field, trim(value), is_null FROM stl_loaderror_detail"
            " WHERE query = pg_last_copy_id() ORDER BY field"
        )
        assert [dict(zip(("line", "field", "value", "is_null"), row, strict=True)) for row in rows] == run.case[
            "loaderror_detail"
        ]


def test_syntax_error_keeps_the_count_of_the_copy_before(warehouse: Any) -> None:
    warehouse.run("CREATE TABLE t (a int)")
    warehouse.copy("t", "fn-02", "1\n2\n")
    with pytest.raises(psycopg2.Error):
        warehouse.run("COPY t FROM 's3://landing/fn-02' IAM_ROLE default NO_SUCH_OPTION")
    assert warehouse.run("SELECT pg_last_copy_count()") == [(2,)]


def test_truncate_commits(warehouse: Any) -> None:
    warehouse.run("CREATE TABLE date (a int); INSERT INTO date VALUES (1)")
    for statement in ("BEGIN", "TRUNCATE date", "ROLLBACK"):
        warehouse.run(statement)
    assert warehouse.run("SELECT count(*) FROM date") == [(0,)]


def test_load_is_logged_inside_its_transaction(warehouse: Any) -> None:
    warehouse.run("CREATE TABLE t (a int)")
    warehouse.run("BEGIN")
    warehouse.copy("t", "tx-03/f", "1\n2\n")
    found = warehouse.run("SELECT trim(filename), lines_scanned FROM stl_load_commits WHERE query = pg_last_copy_id()")
    warehouse.run("ROLLBACK")
    assert found == [("s3://landing/tx-03/f", 2)]


def test_failed_copy_aborts_the_block_and_shows_its_errors_after_rollback(warehouse: Any) -> None:
    warehouse.run("CREATE TABLE t (a int)")
    warehouse.run("BEGIN")
    with pytest.raises(psycopg2.InternalError):
        warehouse.copy("t", "tx-04", "x\n")
    with raises_golden(psycopg2.errors.InFailedSqlTransaction, "stand_in", "failed transaction"):
        warehouse.run("SELECT * FROM stl_load_errors")
    warehouse.run("ROLLBACK")
    assert warehouse.errors() == [(1, "a", 1207, "Invalid digit, Value 'x', Pos 0, Type: Integer")]
