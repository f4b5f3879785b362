"""A header or a table that is not the schema's: refused with the difference, added to, or left out, as it says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg2
import pytest
from psycopg2.extensions import cursor

from lakeport.errors import TableMismatch, UnloadableFile
from lakeport.loading.one_file import FileLoad
from lakeport.redshift.connecting import connect_to_redshift
from lakeport.redshift.fitting import fit_table
from lakeport.redshift.session import Warehouse
from lakeport.schema.file_type import FileType
from tests.integration.file_types import make_file_type
from tests.support.golden import golden, raises_golden
from tests.support.remedies import run_statements_of

PrepareLoad = Callable[..., FileLoad]
Query = Callable[..., list[tuple[Any, ...]]]

MORE = b"id,note,city,price,Remark\n1,n1,Bern,1,r1\n2,n2,Oslo,2,r2\n"
each_mode = pytest.mark.parametrize("mode", ["append", "truncate", "replace", "merge", "new_table"])


def type_of(drift: str, mode: str = "append", **changes: Any) -> FileType:
    table = {"mode": mode} | ({"key": ["id"]} if mode == "merge" else {})
    return make_file_type(drift=drift, table=table, **changes)


@each_mode
def test_new_columns_are_added_and_loaded(prepare_load: PrepareLoad, query: Query, mode: str) -> None:
    file_type = type_of("add", mode)
    for _ in range(2):
        table = prepare_load(file_type, MORE).run().table_name
        assert query(f"SELECT DISTINCT id, city, note, remark FROM {table} ORDER BY id") == [  # noqa: S608
            (1, "Bern", "n1", "r1"),
            (2, "Oslo", "n2", "r2"),
        ]
    if mode not in ("replace", "new_table"):
        prepare_load(file_type, b"id,city,price\n3,Rome,1\n").run()
        assert query(f"SELECT note, remark FROM {table} WHERE id = 3") == [(None, None)]  # noqa: S608


@each_mode
def test_ignored_columns_are_left_out(prepare_load: PrepareLoad, query: Query, mode: str) -> None:
    file_type = type_of("ignore", mode)
    load = prepare_load(file_type, MORE + b"3," + b"x" * 60_000 + b",Rome,3,\n")
    done = load.run()
    assert (done.rows_in_file, done.rows_loaded) == (3, 3)
    rows = query(f"SELECT * FROM {done.table_name} ORDER BY id")  # noqa: S608
    assert [row[:2] for row in rows] == [(1, "Bern"), (2, "Oslo"), (3, "Rome")]
    assert all(len(row) == 4 for row in rows)
    assert {row[3] for row in rows} == {done.loaded_at}


def test_rejected_row_beside_ignored_columns_keeps_its_value(prepare_load: PrepareLoad, query: Query) -> None:
    file_type = type_of("ignore", rejects={"fail": 1})
    load = prepare_load(file_type, MORE + b"three,n3,Rome,3,r3\n")
    assert load.run().rows_rejected == 1
    columns = "SELECT line_number, column_name, raw_value, raw_line FROM mng.load_errors WHERE file_id = %s"
    assert query(columns, (load.file.file_id,)) == [(4, "id", "three", "three,n3,Rome,3,r3")]


def test_column_that_is_optional_in_the_file_may_be_missing(prepare_load: PrepareLoad, query: Query) -> None:
    columns = [{"name": "id", "type": "integer"}, {"name": "note", "type": "varchar(8)", "optional_in_file": True}]
    file_type = make_file_type(columns=columns)
    prepare_load(file_type, b"id\n1\n").run()
    prepare_load(file_type, b"note,id\nnew,2\n", name="second.csv", run_id="run2").run()

    assert query(f"SELECT id, note FROM {file_type.table.name} ORDER BY id") == [(1, None), (2, "new")]  # noqa: S608
    with pytest.raises(UnloadableFile, match=": id"):
        prepare_load(file_type, b"note\nx\n", name="third.csv", run_id="run3").run()


def test_missing_columns_are_empty_where_they_may_be(prepare_load: PrepareLoad, query: Query) -> None:
    file_type = type_of("ignore")
    prepare_load(file_type, b"id\n1\n").run()
    assert query(f"SELECT id, city, price FROM {file_type.table.name}") == [(1, None, None)]  # noqa: S608
    with raises_golden(UnloadableFile, "loading", "header lacks a required column", "id"):
        prepare_load(file_type, b"city,price\nBern,1\n").run()


@pytest.mark.parametrize(
    ("drift", "header", "values"),
    [
        ("refuse", "id,city,price,note", "not in the schema: note"),
        ("add", "id,city", "missing: price"),
        ("add", "id,city,price,Half price (CHF)", "'half price (chf)', which drift: add cannot add"),
        ("add", "id,city,price,", "'', which drift: add cannot add"),
        ("add", "id,city,price,_loaded_at", "'_loaded_at', which drift: add cannot add"),
        ("add", "id,city,price,note,note", "duplicate: note"),
        ("ignore", "id,city,city", "duplicate: city"),
    ],
)
def test_header_that_cannot_be_taken_fails(prepare_load: PrepareLoad, drift: str, header: str, values: str) -> None:
    load = prepare_load(type_of(drift), f"{header}\n".encode())
    with pytest.raises(UnloadableFile) as raised:
        load.run()
    assert values in str(raised.value)


@pytest.mark.parametrize("mode", ["append", "truncate", "merge"])
def test_longer_varchar_is_lengthened(prepare_load: PrepareLoad, query: Query, mode: str) -> None:
    file_type = type_of("refuse", mode)
    prepare_load(file_type, b"id,city,price\n1,Bern,1\n").run()
    columns = [
        {"name": "id", "type": "integer", "required": True},
        {"name": "city", "type": "varchar(20)"},
        {"name": "price", "type": "decimal(8,2)"},
        {"name": "note", "type": "varchar(5)"},
    ]
    longer = type_of("refuse", mode, name=file_type.name, columns=columns)
    for number in (2, 3):
        prepare_load(longer, b"id,city,price,note\n%d,Schaffhausen,1,x\n" % number).run()
    rows = query(f"SELECT id, city, note FROM {longer.table.name} ORDER BY id")  # noqa: S608
    assert rows[-1] == (3, "Schaffhausen", "x")


class LosesReplies(Warehouse):
    """A warehouse whose connection is lost after each statement that runs alone."""

    def _once_alone(self, work: Callable[[cursor], Any]) -> Any:
        super()._once_alone(work)
        raise psycopg2.OperationalError("server closed the connection unexpectedly")


def test_longer_varchar_whose_reply_was_lost_is_lengthened(warehouse: Warehouse, query: Query) -> None:
    """The second attempt is refused: Redshift does not change a length to what it is."""
    file_type = make_file_type()
    fit_table(warehouse, file_type)
    columns = [
        {"name": "id", "type": "integer", "required": True},
        {"name": "city", "type": "varchar(20)"},
        {"name": "price", "type": "decimal(8,2)"},
    ]
    with LosesReplies(connect_to_redshift) as losing:
        fit_table(losing, make_file_type(name=file_type.name, columns=columns))
    lengths = query(
        "SELECT character_maximum_length FROM information_schema.columns"
        " WHERE table_name = %s AND column_name = 'city'",
        (file_type.table.name.rpartition(".")[2],),
    )
    assert lengths == [(20,)]


def test_other_difference_fails_with_the_statements_to_run(warehouse: Warehouse, query: Query) -> None:
    file_type = make_file_type()
    name = file_type.table.name
    fit_table(warehouse, file_type)
    columns = [
        {"name": "id", "type": "bigint", "required": True},
        {"name": "city", "type": "varchar(4)"},
        {"name": "day", "type": "date", "required": True},
    ]
    changed = make_file_type(name=file_type.name, columns=columns)
    with pytest.raises(TableMismatch) as raised:
        fit_table(warehouse, changed)
    golden("loading", "table does not match the schema", str(raised.value))
    for fact in (
        "id is integer in the table and bigint in the schema",
        "city is character varying(8)",
        "day is required",
    ):
        assert fact in str(raised.value)
    run_statements_of(str(raised.value), "'2013-01-01'")
    fit_table(warehouse, changed)
    assert query(f"SELECT COUNT(*) FROM {name}") == [(0,)]  # noqa: S608
