"""What a transform makes of a file: rows for the table, counts that are true, and nothing where it fails."""

from __future__ import annotations

import gzip
import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lakeport import settings
from lakeport.errors import DuplicateKeys, TooManyRejects, TransformFailed, UnloadableFile
from lakeport.loading.finishing import mark_done
from lakeport.loading.one_file import FileLoad
from lakeport.loading.rehearsal import rehearse
from lakeport.redshift.session import Warehouse
from lakeport.schema.file_type import FileType
from lakeport.schema.reader import read_file_type
from local.config import REPOSITORY, Config
from tests.integration.callables import Bring, Query
from tests.integration.file_types import make_file_type
from tests.integration.killing import kills_before_each_statement
from tests.support.golden import raises_golden
from tests.support.workbooks import workbook

Write = Callable[..., None]
JANUARY = REPOSITORY / "samples" / "flights_2013_01.csv.gz"
HEADER = b"id,city,price\n"
MODES = ["append", "truncate", "replace", "merge", "new_table"]
COLUMNS: list[dict[str, Any]] = [
    {"name": "id", "type": "integer", "required": True},
    {"name": "city", "type": "varchar(8)"},
    {"name": "price", "type": "decimal(8,2)", "only_in": "file"},
    {"name": "doubled", "type": "decimal(8,2)", "only_in": "table"},
]
DOUBLED = "SELECT id, city, price * 2 AS doubled FROM {stage} WHERE id < 100;  -- 100% of those below a hundred\n"
DOUBLING = """
def doubled(rows, file):
    for row in rows:
        price = row.pop("price")
        if int(row["id"]) < 100:
            yield {**row, "doubled": None if price == "" else float(price) * 2}
"""
KINDS = {"sql": "doubled", "python": "trips:doubled"}
each_kind = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Write transforms into a separate folder."""
    monkeypatch.setenv("LAKEPORT_TRANSFORMS", str(tmp_path))

    def run(sql: str = DOUBLED, python: str = DOUBLING) -> None:
        (tmp_path / "doubled.sql").write_text(sql)
        (tmp_path / "trips.py").write_text(python)

    run()
    return run


def type_of(transform: dict[str, Any], mode: str = "append", **changes: Any) -> FileType:
    name = changes.pop("name", f"trips_{uuid.uuid4().hex[:8]}")
    ending = "*" if "compression" in changes.get("format", {}) else "csv"
    landing = {"pattern": f"{name}/{{label}}.{ending}", **changes.pop("landing", {})}
    table: dict[str, Any] = {"mode": mode} | ({"key": ["id"]} if mode == "merge" else {}) | changes.pop("table", {})
    values: dict[str, Any] = {"columns": COLUMNS, "transform": transform, "table": table, "landing": landing}
    return make_file_type(name=name, **{**values, **changes})


def rows(query: Query, table: str, columns: str = "id, city, doubled") -> list[tuple[Any, ...]]:
    return query(f"SELECT {columns} FROM {table} ORDER BY 1, 2")  # noqa: S608


def counts(query: Query, load: FileLoad) -> tuple[Any, ...]:
    text = "SELECT rows_in_file, rows_loaded, rows_rejected FROM mng.files WHERE file_id = %s"
    return query(text, (load.file.file_id,))[0]


def rejected(query: Query, load: FileLoad) -> list[tuple[Any, ...]]:
    text = "SELECT line_number, column_name, raw_value, raw_line, error_reason FROM mng.load_errors WHERE file_id = %s"
    return sorted(query(text, (load.file.file_id,)))


@each_kind
@pytest.mark.parametrize("mode", MODES)
def test_transform_applies_to_two_loads_in_every_mode(
    write: Write, bring: Bring, query: Query, mode: str, kind: str
) -> None:
    file_type = type_of({kind: KINDS[kind]}, mode)
    for body in (b"1,Bern,1\n2,Oslo,2\n101,Rome,1\n", b"2,Lima,3\n3,Riga,\n"):
        load = bring(file_type, HEADER + body)
        done = load.run()
        assert load.run() == done
    after = {"append": [1, 2, 2, 3], "truncate": [2, 3], "replace": [2, 3], "merge": [1, 2, 3], "new_table": [2, 3]}
    found = rows(query, done.table_name)
    assert [row[0] for row in found] == after[mode]
    assert {(2, "Lima", 6), (3, "Riga", None)} <= set(found)
    assert counts(query, load) == (2, 2, 0)


@pytest.mark.usefixtures("retrying_at_once")
@each_kind
@pytest.mark.parametrize("mode", MODES)
def test_kill_before_any_statement_changes_nothing_in_the_end(
    write: Write,
    bring: Bring,
    query: Query,
    redshift: Config,
    mode: str,
    kind: str,
) -> None:
    load = bring(type_of({kind: KINDS[kind]}, mode), HEADER + b"1,Bern,1\n101,Rome,1\n")
    for dying in kills_before_each_statement(redshift, load.file_type.table, load.file):
        done = replace(load, warehouse=dying).run()
        assert rows(query, done.table_name) == [(1, "Bern", 2)]
        assert counts(query, load) == (2, 1, 0)


def test_done_shows_how_many_rows_the_transform_made(
    write: Write, bring: Bring, query: Query, warehouse: Warehouse
) -> None:
    load = bring(type_of({"sql": "doubled"}), HEADER + b"1,Bern,1\n101,Rome,1\nx,Rome,1\n" * 2)
    with pytest.raises(TooManyRejects):
        load.run()
    load = bring(replaced_limit(load.file_type), HEADER + b"1,Bern,1\n101,Rome,1\nx,Rome,1\n" * 2)
    load.run()
    warehouse.transaction(lambda current: mark_done(current, [load.file], load.by, load.file_type))
    assert query("SELECT status, status_reason FROM mng.files WHERE file_id = %s", (load.file.file_id,)) == [
        ("Done", "the transform made 2 rows of 4")
    ]
    assert counts(query, load) == (6, 2, 2)


def replaced_limit(file_type: FileType) -> FileType:
    return type_of({"sql": "doubled"}, name=file_type.name, rejects={"fail": 2})


def test_facts_of_the_file_are_bound_and_hostile_ones_stay_text(write: Write, bring: Bring, query: Query) -> None:
    write(
        "SELECT id, %(captured_label)s AS city, LENGTH(%(key)s) + %(size_bytes)s AS doubled FROM {stage} "
        "WHERE %(landed_at)s <= SYSDATE AND %(run_id)s = 'run1' AND %(file_type)s = '{NAME}' AND city LIKE 'B%%'"
        "  OR %(file_id)s || %(bucket)s || %(etag)s || %(version_id)s IS NULL".replace("B%%", "B%")
    )
    columns = [COLUMNS[0], {**COLUMNS[1], "type": "varchar(99)"}, *COLUMNS[2:]]
    file_type = type_of({"sql": "doubled"}, columns=columns)
    text = (settings.transforms_folder() / "doubled.sql").read_text().replace("{NAME}", file_type.name)
    write(text)
    name = "o'; DROP TABLE lake.x; --%(key)s"
    body = HEADER + b"1,Bern,1\n2,Oslo,1\n"
    load = bring(file_type, body, name=f"{name}.csv")
    load.run()
    assert rows(query, file_type.table.name) == [(1, name, len(load.file.key) + len(body))]


def test_query_reads_the_table_before_the_load(write: Write, bring: Bring, query: Query) -> None:
    """Also if the load deletes the old rows."""
    write("SELECT s.id, s.city, (SELECT COUNT(*) FROM {table}) AS doubled FROM {stage} s")
    for mode in ("append", "truncate", "replace", "merge"):
        file_type = type_of({"sql": "doubled"}, mode)
        for _ in range(2):
            bring(file_type, HEADER + b"1,Bern,1\n").run()
        assert rows(query, file_type.table.name)[-1] == (1, "Bern", 1)


@pytest.mark.parametrize(
    ("case", "query_text"),
    [
        ("division by zero", "SELECT id, city, price / (id - 1) AS doubled FROM {stage}"),
        ("a column is missing", "SELECT id, city FROM {stage}"),
        ("NULL in a required column", "SELECT NULL AS id, city, price AS doubled FROM {stage}"),
        ("a text is too long", "SELECT id, city || city || city AS city, price AS doubled FROM {stage}"),
        ("syntax error", "SELECT id, city, price AS doubled FROM {stage} WHERE"),
        ("no such table", "SELECT id, city, doubled FROM nowhere.there"),
    ],
)
def test_query_that_fails_loads_nothing_and_is_reported_with_the_reason(
    write: Write, bring: Bring, query: Query, case: str, query_text: str
) -> None:
    write(query_text)
    load = bring(type_of({"sql": "doubled"}), HEADER + b"1,Bern,1\n")
    with raises_golden(TransformFailed, "transforms", f"query: {case}", "transforms/doubled.sql"):
        load.run()
    assert rows(query, load.file_type.table.name) == []
    assert counts(query, load) == (1, 0, 0)


def test_doubled_keys_are_those_of_the_transformed_rows(write: Write, bring: Bring, query: Query) -> None:
    write("SELECT 1 AS id, city, price AS doubled FROM {stage}")
    with pytest.raises(DuplicateKeys, match=r"id 1 \(2 times\)"):
        bring(type_of({"sql": "doubled"}, "merge"), HEADER + b"1,Bern,1\n2,Oslo,1\n").run()


@pytest.mark.parametrize(
    ("case", "python", "values"),
    [
        ("division by zero",
         "def doubled(rows, file):\n    for row in rows:\n        yield {'doubled': 1 / int(row['price'])}\n",
         ("line 3", "trips:doubled", "ZeroDivisionError", "transforms/trips.py:3")),
        ("unknown column", "def doubled(rows, file):\n    yield {'town': 1}\n", ("town", "id")),
        ("a number", "def doubled(rows, file):\n    yield 5\n", ("5", "int")),
        ("bytes", "def doubled(rows, file):\n    yield {'id': b'1'}\n", ("b'1'", "bytes")),
        ("a list", "def doubled(rows, file):\n    return list(rows)\n", ("generator",)),
        ("one argument", "def doubled(rows):\n    yield from rows\n", ("doubled()",)),
        ("missing module", "import nowhere\ndef doubled(rows, file):\n    yield\n", ("ModuleNotFoundError", "nowhere")),
        ("error on import", "raise ValueError('no')\ndef doubled(rows, file):\n    yield\n", ("ValueError: no",)),
    ],
)  # fmt: skip
def test_function_that_fails_loads_nothing_and_is_reported_with_its_line(
    write: Write, bring: Bring, case: str, python: str, values: tuple[str, ...]
) -> None:
    write(python=python)
    with raises_golden(TransformFailed, "transforms", f"function: {case}", *values):
        bring(type_of({"python": "trips:doubled"}), HEADER + b"1,Bern,1\n2,Oslo,0\n")


def test_rejected_rows_keep_the_line_of_the_file_they_came_from(write: Write, bring: Bring, query: Query) -> None:
    """Whether the format, the function or COPY rejects them, after rows left out and rows with line ends."""
    write(python=DOUBLING.replace("        price =", "        if row['city'] == 'Rome':\n"
          "            rows.reject('no trips to Rome', 'city')\n            continue\n        price ="))  # fmt: skip
    body = HEADER + b'1,Bern,1\n200,Oslo,2\n3,"a\nb",3\n4,Rome,4\n5,toomany,5,6\n6,toolongacity,6\n7,"q"x,1\n8,Bern,8\n'
    load = bring(type_of({"python": "trips:doubled"}, rejects={"fail": 4}), body)
    load.run()
    assert [row[0] for row in rows(query, load.file_type.table.name)] == [1, 3, 8]
    assert counts(query, load) == (8, 3, 4)
    found = rejected(query, load)
    assert [row[:2] for row in found] == [(6, "city"), (7, ""), (8, "city"), (9, "")]
    assert [row[3] for row in found] == ["4,Rome,4", "5,toomany,5,6", "6,toolongacity,12.0", '7,"q"x,1']
    assert found[0][4] == "no trips to Rome"
    assert found[1][4] == "4 fields, but 3 columns"
    assert found[2][2] == "toolongacity"
    assert "not a valid line of a CSV file" in found[3][4]


FORMATS: dict[str, tuple[dict[str, Any], bytes]] = {
    "csv": ({"type": "csv", "header_lines": 1, "null_as": "NA"}, b"\xef\xbb\xbfid,city,price\r\n1,NA,1.5\r\n"),
    "csv, utf16": ({"type": "csv", "encoding": "utf16"}, "1,\\N,1.5\n".encode("utf-16")),
    "csv, cp1252": ({"type": "csv", "encoding": "cp1252"}, b"1,\\N,1.5\n"),
    "delimited": ({"type": "delimited", "delimiter": "||"}, b"1||\\N||1.5\n"),
    "delimited, escaped": ({"type": "delimited", "escape": True, "removequotes": True}, b'"1"|\\\\N|1.5\n'),
    "delimited, NULL": ({"type": "delimited", "escape": True, "removequotes": True}, b'"1"|\\N|1.5\n'),
    "fixed_width": ({"type": "fixed_width"}, b"1  \\N   1.5\n"),
    "json": ({"type": "json"}, b'{"id": 1, "price": 1.5}{"id": 101, "price": 0}'),
    "json, an array": ({"type": "json", "layout": "array"}, b'[{"id": 1, "city": null, "price": 1.50}]'),
    "xlsx": ({"type": "xlsx", "header_lines": 1}, workbook([["id", "city", "price"], [1, None, 1.5], []])),
    "csv, gzip": ({"type": "csv", "compression": "gzip"}, gzip.compress(b"1,\\N,1.5\n")),
}


@pytest.mark.parametrize("name", FORMATS)
def test_rows_of_every_text_format_are_taken(write: Write, bring: Bring, query: Query, name: str) -> None:
    format_, body = FORMATS[name]
    widths = (3, 5, 3, None) if name == "fixed_width" else (None,) * 4
    columns = [{**column, "width": width} for column, width in zip(COLUMNS, widths, strict=True)]
    load = bring(type_of({"python": "trips:doubled"}, format=format_, columns=columns), body)
    load.run()
    assert rows(query, load.file_type.table.name) == [(1, None, 3)]


def test_rows_of_json_are_whole_objects_and_may_become_several(write: Write, bring: Bring, query: Query) -> None:
    write(python="def doubled(rows, file):\n    for order in rows:\n        for item in order['items']:\n"
                 "            yield {'id': order['id'], 'city': item}\n")  # fmt: skip
    body = b'{"id": 1, "items": ["a", "b"]}\n{"id": "x",\n "items": ["c"]}\n5\n{"id": 3, "items": []}'
    load = bring(type_of({"python": "trips:doubled"}, format={"type": "json"}, rejects={"fail": 2}), body)
    load.run()
    assert rows(query, load.file_type.table.name, "id, city") == [(1, "a"), (1, "b")]
    assert [row[:2] for row in rejected(query, load)] == [(2, "id"), (3, "")]
    assert counts(query, load) == (4, 2, 2)


def test_broken_json_loads_nothing(write: Write, bring: Bring) -> None:
    with raises_golden(UnloadableFile, "transforms", "invalid JSON", "object 1"):
        bring(type_of({"python": "trips:doubled"}, format={"type": "json"}), b'{"id": 1, "price": "1"}\n{"id": ')


def test_function_may_make_another_file(write: Write, bring: Bring, query: Query) -> None:
    """Here it drops the last line, a trailer with the sum."""
    write(python="def doubled(stream, file):\n    kept = b''\n    for line in stream:\n        yield kept\n"
                 "        kept = line\n    assert kept.startswith(b'SUM'), file.key\n")  # fmt: skip
    file_type = type_of({"python": "trips:doubled", "takes": "file"}, columns=COLUMNS[:2])
    load = bring(file_type, b"id,city\n1,Bern\n2,Oslo\nSUM,2\n")
    load.run()
    assert rows(query, file_type.table.name, "id, city") == [(1, "Bern"), (2, "Oslo")]
    assert counts(query, load) == (2, 2, 0)
    with pytest.raises(TransformFailed, match=f"AssertionError: {file_type.name}/trips.csv"):
        bring(file_type, b"id,city\n1,Bern\n2,Oslo\n")


def test_python_comes_before_sql(write: Write, bring: Bring, query: Query) -> None:
    write(python="def doubled(rows, file):\n    for row in rows:\n        yield {**row, 'price': '7'}\n")
    load = bring(type_of({"python": "trips:doubled", "sql": "doubled"}), HEADER + b"1,Bern,1\n101,Rome,1\n")
    load.run()
    assert rows(query, load.file_type.table.name) == [(1, "Bern", 14)]
    assert counts(query, load) == (2, 1, 0)


def test_damaged_archive_is_not_reported_as_an_error_of_the_function(write: Write, bring: Bring) -> None:
    write(python="def doubled(rows, file):\n    yield from ()\n")
    body = gzip.compress(HEADER + b"1,Bern,1\n" * 100_000)[:-20]
    with raises_golden(UnloadableFile, "transforms", "truncated gzip file", "trips.csv", "gzip"):
        bring(type_of({"python": "trips:doubled"}, format={"type": "csv", "compression": "gzip"}), body)


def test_quote_that_is_never_closed_takes_no_memory(write: Write, bring: Bring) -> None:
    body = HEADER + b'1,"Bern,1\n' + b"2,Oslo,1\n" * 2_000_000
    with raises_golden(UnloadableFile, "transforms", "quote that is never closed", "line 2"):
        bring(type_of({"python": "trips:doubled"}), body)


@pytest.mark.parametrize(
    ("name", "table", "in_file", "loaded"),
    [("delays", "lake.daily_delays", 27_004, 975), ("departures", "lake.departures", 27_004, 26_483)],
)
def test_samples_load_and_a_plan_shows_the_same(
    bring: Bring, query: Query, warehouse: Warehouse, name: str, table: str, in_file: int, loaded: int
) -> None:
    committed = read_file_type(REPOSITORY / "schemas" / f"{name}.yaml")
    file_type = committed.model_copy(update={"name": f"{name}_{uuid.uuid4().hex[:8]}"}).into(
        f"lake.{name}_{uuid.uuid4().hex[:8]}"
    )
    load = bring(file_type, JANUARY.read_bytes(), name=JANUARY.name)
    done = load.run()
    outcome = rehearse(file_type, JANUARY, warehouse, load.s3)
    assert (done.rows_in_file, done.rows_loaded, done.rows_rejected) == (in_file, loaded, 0)
    assert (outcome.rows_in_file, outcome.rows_loaded, outcome.rejected) == (in_file, loaded, ())
    assert query(f"SELECT DISTINCT source_file FROM {file_type.table.name}") == [(load.file.key,)]  # noqa: S608
