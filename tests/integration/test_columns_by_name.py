"""Files that carry the names of their columns: Parquet, ORC, Avro and JSON are matched by name, or refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import pyarrow as pa
import pytest

from lakeport.errors import UnloadableFile
from lakeport.schema.file_type import FileType
from tests.integration.callables import Bring
from tests.integration.file_types import make_file_type
from tests.support.archives import packed
from tests.support.avro_files import avro
from tests.support.columnar_files import columnar
from tests.support.golden import raises_golden

Query = Callable[..., list[tuple[Any, ...]]]
each_columnar = pytest.mark.parametrize("kind", ["parquet", "orc"])
each_record = pytest.mark.parametrize("kind", ["json", "avro"])


def records(kind: str, *rows: dict[str, Any]) -> bytes:
    if kind == "json":
        return "".join(f"{json.dumps(row)}\n" for row in rows).encode()
    first, second = rows
    return avro(
        {name: ("string" if isinstance(first[name], str) else "long", first[name], second[name]) for name in first}
    )


def type_of(kind: str, types: Mapping[str, str], **changes: Any) -> FileType:
    columns = [{"name": name, "type": type_} for name, type_ in types.items()]
    format_ = {"type": kind, **changes.pop("format", {})}
    return make_file_type(**{"format": format_, "columns": columns, **changes})


def rows(query: Query, file_type: FileType, columns: str = "a, b") -> list[tuple[Any, ...]]:
    return query(f"SELECT {columns} FROM {file_type.table.name} ORDER BY 1")  # noqa: S608


TWO = {"a": "bigint", "b": "bigint"}


@each_columnar
def test_columns_in_another_order_go_to_their_names(bring: Bring, query: Query, kind: str) -> None:
    file_type = type_of(kind, TWO)
    bring(file_type, columnar(kind, {"a": [1], "b": [10]})).run()
    bring(file_type, columnar(kind, {"B": [20], "A": [2]}), name="second").run()
    assert rows(query, file_type) == [(1, 10), (2, 20)]


@each_columnar
def test_columns_with_other_names_are_refused(bring: Bring, query: Query, kind: str) -> None:
    file_type = type_of(kind, TWO)
    with raises_golden(UnloadableFile, "files", "columns with other names", "a, b", "x, y"):
        bring(file_type, columnar(kind, {"x": [1], "y": [10]})).run()
    assert rows(query, file_type) == []


@each_columnar
def test_header_of_a_column_is_its_name_in_the_footer(bring: Bring, query: Query, kind: str) -> None:
    columns = [{"name": "a", "type": "bigint", "header": "Amount (EUR)"}, {"name": "b", "type": "bigint"}]
    file_type = make_file_type(format={"type": kind}, columns=columns)
    bring(file_type, columnar(kind, {"b": [10], "amount (eur)": [1]})).run()
    assert rows(query, file_type) == [(1, 10)]


@each_columnar
def test_new_columns_are_added_with_their_types(bring: Bring, query: Query, kind: str) -> None:
    file_type = type_of(kind, TWO, drift="add")
    more = {"c": pa.array([1.5]), "a": [1], "at": pa.array([datetime(2024, 1, 2)], pa.timestamp("us")), "b": [10]}  # noqa: DTZ001
    bring(file_type, columnar(kind, more)).run()
    assert rows(query, file_type, "a, b, c, at") == [(1, 10, 1.5, datetime(2024, 1, 2))]  # noqa: DTZ001


@each_columnar
def test_ignored_columns_of_any_type_are_left_out(bring: Bring, query: Query, kind: str) -> None:
    file_type = type_of(kind, {**TWO, "gone": "date"}, drift="ignore")
    bring(file_type, columnar(kind, {"c": [1.5], "b": [10], "a": [1], "flag": [True]})).run()
    assert rows(query, file_type) == [(1, 10)]


@each_columnar
def test_file_with_fewer_columns_needs_fillrecord(bring: Bring, query: Query, kind: str) -> None:
    body = columnar(kind, {"b": [10]})
    with raises_golden(UnloadableFile, "files", "fewer columns", ": a"):
        bring(type_of(kind, TWO), body).run()
    file_type = type_of(kind, TWO, format={"fillrecord": True})
    bring(file_type, body).run()
    assert rows(query, file_type) == [(None, 10)]


def test_members_of_an_archive_with_columns_in_another_order_are_refused(bring: Bring) -> None:
    file_type = type_of("parquet", TWO, format={"compression": "zip"})
    members = {name: columnar("parquet", {column: [1] for column in name}) for name in ("ab", "ba")}
    with raises_golden(UnloadableFile, "files", "members with other columns", "ab", "ba"):
        bring(file_type, packed(members, "zip")).run()


@pytest.mark.parametrize(
    ("array", "type_", "problem"),
    [
        (
            pa.array([1], pa.timestamp("ns")),
            "timestamp",
            "microseconds, which pandas writes with coerce_timestamps='us'",
        ),
        (pa.array([1], pa.time64("ns")), "time", "microseconds"),
        (pa.array([1], pa.uint32()), "bigint", "signed type"),
        (pa.array([1], pa.uint64()), "decimal(20,0)", "signed type"),
        (pa.array([[1]]), "varchar(20)", "set its type to super"),
        (pa.array([{"x": 1}]), "super", "set its type to super"),
        (pa.array([1.5]), "real", "allowed: double precision"),
        (pa.array([1.5]), "decimal(8,2)", "allowed: double precision"),
        (pa.array(["1"]), "integer", "allowed: varchar, char, super"),
        (pa.array([1]), "varchar(8)", "allowed: bigint, integer, smallint, decimal"),
        (pa.array([True]), "integer", "allowed: boolean"),
        (pa.array([1], pa.timestamp("us")), "date", "allowed: timestamp, timestamptz"),
        (pa.array([1], pa.decimal128(8, 3)), "decimal(8,2)", "3 digits after the point"),
        (pa.array([b"12345678"], pa.binary(8)), "varchar(8)", "another type"),
    ],
    ids=str,
)
def test_type_that_copy_refuses_or_changes_is_refused_before(
    bring: Bring, query: Query, array: pa.Array, type_: str, problem: str
) -> None:
    file_type = type_of("parquet", {"a": "bigint", "b": type_})
    with pytest.raises(UnloadableFile, match=r"trips\.csv") as refused:
        bring(file_type, columnar("parquet", {"a": [1], "b": array})).run()
    assert problem in str(refused.value)
    assert "b is " in str(refused.value) or "b has " in str(refused.value)
    assert rows(query, file_type) == []


@each_columnar
def test_lists_structs_and_maps_are_loaded_as_super(bring: Bring, query: Query, kind: str) -> None:
    nested = {"a": [1], "b": pa.array([[1, 2]]), "c": pa.array([{"x": 1, "y": "z"}])}
    nested |= {"d": pa.array([[("k", 1)]], pa.map_(pa.string(), pa.int64()))}
    types = {"a": "bigint", "b": "super", "c": "super", "d": "super"}
    file_type = type_of(kind, types, format={"serializetojson": True})
    bring(file_type, columnar(kind, nested)).run()
    found = [json.loads(value) if isinstance(value, str) else value for value in rows(query, file_type, "b, c, d")[0]]
    assert found == [[1, 2], {"x": 1, "y": "z"}, {"k": 1}]


def test_times_as_int96_and_texts_without_annotation_are_loaded(bring: Bring, query: Query) -> None:
    moment = datetime(2024, 1, 2, 3, 4, 5, 678)  # noqa: DTZ001
    file_type = type_of("parquet", {"a": "timestamp", "b": "varchar(8)"})
    columns = {"b": pa.array(["Züri".encode()]), "a": pa.array([moment], pa.timestamp("us"))}
    bring(file_type, columnar("parquet", columns, use_deprecated_int96_timestamps=True)).run()
    assert rows(query, file_type) == [(moment, "Züri")]


@pytest.mark.parametrize(("kind", "name"), [("parquet", "Parquet"), ("orc", "ORC"), ("avro", "Avro")])
@pytest.mark.parametrize("body", [b"", b"PAR1", b"x" * 4000], ids=["empty", "short", "other"])
def test_damaged_file_is_named_as_such(bring: Bring, kind: str, name: str, body: bytes) -> None:
    with pytest.raises(UnloadableFile, match=f"trips.csv .*{name}"):
        bring(type_of(kind, TWO), body).run()


@each_record
def test_field_that_no_column_takes_is_refused_with_its_place(bring: Bring, query: Query, kind: str) -> None:
    file_type = type_of(kind, {"id": "bigint", "city": "varchar(8)"})
    with raises_golden(UnloadableFile, "files", f"unknown field in {kind}", "'citty'", "'city'") as refused:
        bring(file_type, records(kind, {"id": 1, "citty": "Bern"}, {"id": 2, "citty": "Oslo"})).run()
    assert ("object 1" if kind == "json" else "its schema") in str(refused.value)
    assert rows(query, file_type, "id, city") == []


def test_unknown_field_is_found_in_later_lines_after_invalid_json(bring: Bring) -> None:
    file_type = type_of("json", {"id": "bigint", "city": "varchar(8)"}, rejects={"fail": 1})
    body = b'{"id": 1}\n{"id": 2, "city": \n{"id": 3, "City": "Oslo"}\n'
    with raises_golden(UnloadableFile, "files", "field in another case", "'City' (line 3)", "'city'"):
        bring(file_type, body).run()


@each_record
def test_ignored_fields_are_left_out(bring: Bring, query: Query, kind: str) -> None:
    file_type = type_of(kind, TWO, drift="ignore")
    bring(file_type, records(kind, {"a": 1, "b": 2, "c": 3}, {"a": 4, "b": 5, "c": 6})).run()
    assert rows(query, file_type) == [(1, 2), (4, 5)]


@each_record
def test_new_fields_are_added(bring: Bring, query: Query, kind: str) -> None:
    file_type = type_of(kind, TWO, drift="add")
    bring(file_type, records(kind, {"a": 1, "b": 2, "c": "x"}, {"a": 4, "b": 5, "c": "y"})).run()
    assert rows(query, file_type, "a, b, c") == [(1, 2, "x"), (4, 5, "y")]


@each_record
def test_case_of_fields_does_not_matter_with_ignorecase(bring: Bring, query: Query, kind: str) -> None:
    file_type = type_of(kind, TWO, drift="add", format={"ignorecase": True})
    bring(file_type, records(kind, {"A": 1, "b": 2, "C": "x"}, {"A": 4, "b": 5, "C": "y"})).run()
    assert rows(query, file_type, "a, b, c") == [(1, 2, "x"), (4, 5, "y")]
