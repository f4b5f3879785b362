"""What each table.mode leaves behind: after one load, after two, after a kill at any statement, and for its readers."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import psycopg2
import pytest

from lakeport.errors import DuplicateKeys, LakeportError, StatusConflict, TableMismatch, TooManyRejects
from lakeport.loading.finishing import mark_done
from lakeport.loading.one_file import FileLoad
from lakeport.redshift.connecting import connect_to_redshift
from lakeport.redshift.session import Warehouse
from lakeport.schema.file_type import FileType
from local.config import Config
from tests.integration.file_types import make_file_type
from tests.integration.killing import kills_before_each_statement
from tests.support.answers import both_ways
from tests.support.golden import raises_golden

PrepareLoad = Callable[..., FileLoad]
Query = Callable[..., list[tuple[Any, ...]]]

FIRST = b"id,city,price\n1,Bern,1\n2,Oslo,2\n"
SECOND = b"id,city,price\n2,Rome,3\n3,Lima,4\n"
ONE_BAD = b"id,city,price\n7,Bern,1\neight,Oslo,2\n"
AFTER_BOTH = {
    "append": [(1, "Bern"), (2, "Oslo"), (2, "Rome"), (3, "Lima")],
    "truncate": [(2, "Rome"), (3, "Lima")],
    "replace": [(2, "Rome"), (3, "Lima")],
    "merge": [(1, "Bern"), (2, "Rome"), (3, "Lima")],
    "slice": [(1, "Bern"), (2, "Rome"), (3, "Lima")],
    "history": [(1, "Bern"), (2, "Oslo"), (2, "Rome"), (3, "Lima")],
    "new_table": [(2, "Rome"), (3, "Lima")],
}
each_mode = pytest.mark.parametrize("mode", AFTER_BOTH)


def type_of(mode: str, **changes: Any) -> FileType:
    own: dict[str, dict[str, Any]] = {"merge": {"key": ["id"]}, "slice": {"slice": ["id"]}}
    own["history"] = {"key": ["id"], "history": {"from": "landed_at"}}
    return make_file_type(table={"mode": mode, **own.get(mode, {}), **changes})


def rows(query: Query, table_name: str) -> list[tuple[Any, ...]]:
    return query(f"SELECT id, city FROM {table_name} ORDER BY id, city")  # noqa: S608


@each_mode
def test_second_file_is_placed_by_the_mode(prepare_load: PrepareLoad, query: Query, mode: str) -> None:
    file_type = type_of(mode)
    for body in (FIRST, SECOND):
        load = prepare_load(file_type, body)
        done = load.run()
        assert (done.rows_in_file, done.rows_loaded, done.rows_rejected) == (2, 2, 0)
        recorded = query("SELECT table_name, loaded_at FROM mng.files WHERE file_id = %s", (load.file.file_id,))
        assert recorded == [(done.table_name, done.loaded_at)]
    assert rows(query, done.table_name) == AFTER_BOTH[mode]
    counted = query(f"SELECT COUNT(*) FROM {done.table_name} WHERE _loaded_at = %s", (done.loaded_at,))  # noqa: S608
    assert counted == [(2,)]


@each_mode
def test_second_attempt_changes_nothing(prepare_load: PrepareLoad, query: Query, mode: str) -> None:
    load = prepare_load(type_of(mode), FIRST)
    assert load.run() == load.run()
    assert rows(query, load.run().table_name) == [(1, "Bern"), (2, "Oslo")]


@pytest.mark.usefixtures("retrying_at_once")
@each_mode
def test_kill_before_any_statement_changes_nothing_in_the_end(
    prepare_load: PrepareLoad, query: Query, redshift: Config, mode: str
) -> None:
    """The server ends the session before each statement in turn; a later attempt does the work."""
    file_type = type_of(mode)
    prepare_load(file_type, FIRST).run()
    load = prepare_load(file_type, SECOND)
    for dying in kills_before_each_statement(redshift, file_type.table, load.file):
        done = replace(load, warehouse=dying).run()
        assert rows(query, done.table_name) == AFTER_BOTH[mode]


@both_ways
@each_mode
def test_failed_load_does_not_change_the_table(prepare_load: PrepareLoad, query: Query, mode: str) -> None:
    file_type = type_of(mode)
    done = prepare_load(file_type, FIRST).run()
    with pytest.raises(TooManyRejects):
        prepare_load(file_type, ONE_BAD).run()
    assert rows(query, done.table_name) == [(1, "Bern"), (2, "Oslo")]
    schema, table = file_type.table.name.split(".")
    left = query("SELECT COUNT(*) FROM pg_tables WHERE schemaname = %s AND tablename LIKE %s", (schema, f"{table}%"))
    assert left == [(2 if mode in ("slice", "history") else 1,)]  # one keeps replaced rows


@pytest.mark.parametrize("mode", [mode for mode in AFTER_BOTH if mode != "new_table"])
def test_readers_see_the_old_rows_or_the_new(prepare_load: PrepareLoad, query: Query, mode: str) -> None:
    file_type = type_of(mode)
    prepare_load(file_type, b"id,city,price\n" + b"".join(b"%d,old,1\n" % n for n in range(1000))).run()
    load = prepare_load(file_type, b"id,city,price\n" + b"".join(b"%d,new,1\n" % n for n in range(200_000)))
    seen = set()
    with Warehouse(connect_to_redshift) as other, ThreadPoolExecutor(1) as pool:
        running = pool.submit(replace(load, warehouse=other).run)
        while not running.done():
            seen |= set(query(f"SELECT city, COUNT(*) FROM {file_type.table.name} GROUP BY city"))  # noqa: S608
        running.result()
    new = ("new", 200_000)
    assert ("old", 1000) in seen
    assert seen <= {("old", 1000), new}
    after = set(query(f"SELECT city, COUNT(*) FROM {file_type.table.name} GROUP BY city"))  # noqa: S608
    assert after == ({("old", 1000), new} if mode in ("append", "history") else {new})


@each_mode
def test_two_attempts_at_once_load_once(prepare_load: PrepareLoad, query: Query, mode: str) -> None:
    """A worker that was considered dead may still be running."""
    load = prepare_load(type_of(mode), b"id,city,price\n" + b"".join(b"%d,Bern,1\n" % n for n in range(20_000)))
    with Warehouse(connect_to_redshift) as other, ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(each.run) for each in (load, replace(load, warehouse=other))]
        errors = [run.exception() for run in runs]
    assert all(error is None or isinstance(error, StatusConflict | psycopg2.Error) for error in errors)
    assert errors.count(None) >= 1
    table = load.run().table_name
    assert query(f"SELECT COUNT(*), COUNT(DISTINCT id) FROM {table}") == [(20_000, 20_000)]  # noqa: S608


def test_duplicate_keys_are_reported_and_nothing_is_merged(prepare_load: PrepareLoad, query: Query) -> None:
    file_type = type_of("merge")
    prepare_load(file_type, FIRST).run()
    load = prepare_load(file_type, b"id,city,price\n1,Rome,1\n5,Bern,1\n5,Oslo,1\n5,Lima,1\n")
    with raises_golden(DuplicateKeys, "loading", "duplicate keys", "id 5 (3 times)"):
        load.run()
    assert rows(query, file_type.table.name) == [(1, "Bern"), (2, "Oslo")]
    assert query(
        "SELECT rows_in_file, rows_loaded, loaded_at FROM mng.files WHERE file_id = %s", (load.file.file_id,)
    ) == [(4, 0, None)]


@pytest.mark.parametrize(
    ("wins", "winner"),
    [({"highest": "price"}, [(5, "Lima"), (6, "Oslo")]), ({"lowest": "price"}, [(5, "Oslo"), (6, "Oslo")])],
)
def test_row_that_wins_among_equal_keys_is_decided_by_a_column(
    prepare_load: PrepareLoad, query: Query, wins: dict[str, str], winner: list[tuple[Any, ...]]
) -> None:
    """Wherever it is in the file; NULL loses, and equal rows are one."""
    file_type = type_of("merge", wins=wins)
    lines = [b"5,Lima,3", b"5,Bern,2", b"5,Rome,", b"5,Oslo,1", b"6,Oslo,", b"6,Oslo,"]
    for body in (lines, lines[::-1]):
        load = prepare_load(file_type, b"id,city,price\n" + b"\n".join(body))
        done = load.run()
        assert (done.rows_in_file, done.rows_loaded, done.rows_rejected) == (6, 2, 0)
        assert rows(query, file_type.table.name) == winner
    finish(load)
    assert query("SELECT status_reason FROM mng.files WHERE file_id = %s", (load.file.file_id,)) == [
        ("table.wins made 2 rows of 6",)
    ]


def test_later_file_wins_for_any_value_of_its_column(prepare_load: PrepareLoad, query: Query) -> None:
    file_type = type_of("merge", wins={"highest": "price"})
    for body in (b"5,Lima,9\n", b"5,Bern,1\n"):
        prepare_load(file_type, b"id,city,price\n" + body).run()
    assert rows(query, file_type.table.name) == [(5, "Bern")]


def test_rows_that_tie_in_the_deciding_column_are_reported(prepare_load: PrepareLoad, query: Query) -> None:
    load = prepare_load(type_of("merge", wins={"highest": "price"}), b"id,city,price\n5,Bern,1\n5,Oslo,2\n5,Lima,2\n")
    with raises_golden(DuplicateKeys, "loading", "duplicate keys in spite of table.wins", "price", "id 5 (2 times)"):
        load.run()
    assert rows(query, load.file_type.table.name) == []


def test_merge_by_two_columns_replaces_what_is_equal_in_both(prepare_load: PrepareLoad, query: Query) -> None:
    columns = [
        {"name": "id", "type": "integer", "required": True},
        {"name": "city", "type": "varchar(8)", "required": True},
        {"name": "price", "type": "integer"},
    ]
    file_type = make_file_type(table={"mode": "merge", "key": ["id", "city"]}, columns=columns)
    prepare_load(file_type, b"id,city,price\n1,Bern,1\n1,Oslo,2\n").run()
    prepare_load(file_type, b"id,city,price\n1,Oslo,3\n2,Oslo,4\n").run()
    assert query(f"SELECT id, city, price FROM {file_type.table.name} ORDER BY 1, 2") == [  # noqa: S608
        (1, "Bern", 1),
        (1, "Oslo", 3),
        (2, "Oslo", 4),
    ]


def test_replaced_table_keeps_grants_and_comments(
    prepare_load: PrepareLoad, query: Query, warehouse: Warehouse
) -> None:
    file_type = type_of("replace")
    name = file_type.table.name
    prepare_load(file_type, FIRST).run()
    warehouse.transaction(lambda current: current.execute(f"GRANT SELECT, UPDATE ON {name} TO PUBLIC"))
    prepare_load(file_type, SECOND).run()
    granted = (
        "SELECT privilege_type FROM information_schema.table_privileges WHERE table_name = %s AND grantee = 'PUBLIC'"
    )
    assert sorted(query(granted, (file_type.table.table_name,))) == [("SELECT",), ("UPDATE",)]
    comments = "SELECT obj_description(%s::regclass), col_description(%s::regclass, 2)"
    assert query(comments, (name, name)) == [("Trips, one row per trip.", "Where the trip began")]


def test_replaced_table_follows_the_schema(prepare_load: PrepareLoad, query: Query) -> None:
    """A type that no ALTER TABLE can change does not matter for a new table."""
    file_type = type_of("replace")
    prepare_load(file_type, FIRST).run()
    changed = [
        {"name": "id", "type": "varchar(4)", "required": True},
        {"name": "country", "type": "char(2)", "required": True},
    ]
    prepare_load(
        make_file_type(name=file_type.name, table={"mode": "replace"}, columns=changed), b"id,country\n1,CH\n"
    ).run()
    assert query(f"SELECT id, country FROM {file_type.table.name}") == [("1", "CH")]  # noqa: S608


def test_table_with_views_is_not_replaced(prepare_load: PrepareLoad, query: Query, warehouse: Warehouse) -> None:
    file_type = type_of("replace")
    prepare_load(file_type, FIRST).run()
    name = file_type.table.name
    warehouse.transaction(lambda current: current.execute(f"CREATE VIEW {name}_view AS SELECT id FROM {name}"))  # noqa: S608
    with raises_golden(TableMismatch, "loading", "replaced table has views", file_type.table.name):
        prepare_load(file_type, SECOND).run()
    assert rows(query, name) == [(1, "Bern"), (2, "Oslo")]


def test_new_tables_name_is_the_files(prepare_load: PrepareLoad, query: Query) -> None:
    file_type = type_of("new_table")
    loads = [prepare_load(file_type, body) for body in (FIRST, SECOND)]
    names = [load.run().table_name for load in loads]
    for load, name in zip(loads, names, strict=True):
        assert name == f"{file_type.table.name}_{load.file.landed_at:%Y%m%d}_{load.file.file_id[:12]}"
    assert [rows(query, name)[0] for name in names] == [(1, "Bern"), (2, "Rome")]


@each_mode
def test_done_shows_how_many_rows_later_loads_replaced(
    prepare_load: PrepareLoad, query: Query, warehouse: Warehouse, mode: str
) -> None:
    """A run that failed after its load may be replayed when another file has been loaded."""
    file_type = type_of(mode)
    first = prepare_load(file_type, FIRST)
    first.run()
    prepare_load(file_type, SECOND).run()
    finish(first)
    replaced = {"truncate": 2, "replace": 2, "merge": 1, "slice": 1}.get(mode)
    reason = f"later loads have replaced {replaced} of 2 rows" if replaced else None
    assert query("SELECT status, status_reason FROM mng.files WHERE file_id = %s", (first.file.file_id,)) == [
        ("Done", reason)
    ]


@each_mode
def test_file_whose_rows_are_gone_is_not_done(prepare_load: PrepareLoad, warehouse: Warehouse, mode: str) -> None:
    load = prepare_load(type_of(mode), FIRST)
    done = load.run()
    warehouse.transaction(lambda current: current.execute(f"DELETE FROM {done.table_name} WHERE id = 1"))  # noqa: S608
    with raises_golden(LakeportError, "loading", f"rows are gone, mode {mode}", done.table_name):
        finish(load)


def finish(load: FileLoad) -> None:
    load.warehouse.transaction(lambda current: mark_done(current, [load.file], load.by, load.file_type))
