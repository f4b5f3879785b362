"""Mode merge with `table.deletes` and `table.snapshot`: rows that a file takes away, and undo that brings them back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from lakeport.errors import TransformFailed
from lakeport.loading.one_file import FileLoad
from local.config import Config
from tests.integration.file_types import make_file_type
from tests.integration.killing import kills_before_each_statement
from tests.integration.test_replaying import do, plan, refusals
from tests.integration.world import World
from tests.support.golden import raises_golden

CHANGES = {"mode": "merge", "key": ["id"], "deletes": "op = 'D'", "keep_replaced": "7d"}
SNAPSHOT = {"mode": "merge", "key": ["id"], "snapshot": True, "keep_replaced": "7d"}
COLUMNS = [
    {"name": "id", "type": "integer", "required": True},
    {"name": "city", "type": "varchar(8)"},
    {"name": "at", "type": "integer"},
    {"name": "op", "type": "char(1)", "only_in": "file"},
]
HEADER = b"id,city,at,op\n"


def changes(world: World, **table: Any) -> World:
    world.write_schema(table={**CHANGES, **table}, columns=COLUMNS)
    return world


def rows(world: World) -> list[tuple[Any, ...]]:
    return world.query(f"SELECT id, city FROM {world.file_type.table.name} ORDER BY id")  # noqa: S608


def test_rows_that_delete_take_away_the_rows_with_their_keys(world: World) -> None:
    """Also twice, and where no such row is; `op`, which only the file has, decides."""
    changes(world)
    world.bring(HEADER + b"1,Bern,1,I\n2,Oslo,1,I\n3,Rome,1,I\n", "a.csv")
    for name in ("b.csv", "c.csv"):
        world.bring(HEADER + b"1,,2,D\n2,Lima,2,U\n9,,2,D\n", name)
        assert rows(world) == [(2, "Lima"), (3, "Rome")]
    found = world.query(
        "SELECT rows_in_file, rows_loaded, rows_replaced, status_reason FROM mng.files ORDER BY landed_at"
    )
    assert found[1:] == [(3, 1, 2, "table.deletes made 1 row of 3"), (3, 1, 1, "table.deletes made 1 row of 3")]


def test_row_that_wins_decides_whether_its_key_is_deleted(world: World) -> None:
    changes(world, wins={"highest": "at"})
    world.bring(HEADER + b"1,Bern,1,I\n2,Oslo,1,I\n", "a.csv")
    world.bring(HEADER + b"1,Rome,2,U\n1,,3,D\n2,,4,D\n2,Lima,5,I\n", "b.csv")
    assert rows(world) == [(2, "Lima")]


def test_what_a_snapshot_lacks_is_deleted(world: World) -> None:
    world.write_schema(table=SNAPSHOT)
    world.bring(b"id,city,price\n1,Bern,1\n2,Oslo,2\n3,Rome,3\n", "a.csv")
    world.bring(b"id,city,price\n2,Lima,4\n3,Rome,3\n", "b.csv")
    assert rows(world) == [(2, "Lima"), (3, "Rome")]


@pytest.mark.parametrize("is_snapshot", [True, False])
def test_undo_with_restore_brings_deleted_rows_back(world: World, is_snapshot: bool) -> None:
    """Only of the last load: a later one may have deleted a row that was not there, which leaves no trace."""
    changes(world)
    if is_snapshot:
        world.write_schema(table=SNAPSHOT, columns=COLUMNS[:3])
    header, mark = (b"id,city,at\n", b"") if is_snapshot else (HEADER, b",D")
    ends = b"" if is_snapshot else b",I"
    world.bring(header + b"1,Bern,1" + ends + b"\n2,Oslo,1" + ends + b"\n", "a.csv")
    before = world.query(f"SELECT id, city, at, _loaded_at FROM {world.file_type.table.name} ORDER BY id")  # noqa: S608
    second = world.bring(header + (b"2,Oslo,1\n" if is_snapshot else b"1,Bern,2" + mark + b"\n"), "b.csv")
    third = world.bring(header + b"7,Rome,1" + ends + b"\n", "c.csv")
    [refused] = refusals(plan(world, "undo", second.key, restore=True))
    assert "first" in refused
    assert "--restore" in refused
    for file in (third, second):
        do(world, "undo", file.key, restore=True)
    assert world.query(f"SELECT id, city, at, _loaded_at FROM {world.file_type.table.name} ORDER BY id") == before  # noqa: S608
    do(world, "replay", second.key)
    world.run_again()
    assert rows(world) == [(2, "Oslo")]


def test_condition_that_fails_loads_nothing(world: World) -> None:
    changes(world, deletes="action = 'D'")
    with raises_golden(TransformFailed, "loading", "table.deletes failed", "action = 'D'"):
        world.load(HEADER + b"1,Bern,1,I\n", "a.csv")


@pytest.mark.usefixtures("retrying_at_once")
@pytest.mark.parametrize("table", [CHANGES, SNAPSHOT], ids=["deletes", "snapshot"])
def test_kill_before_any_statement_changes_nothing_in_the_end(
    prepare_load: Callable[..., FileLoad],
    query: Callable[..., list[tuple[Any, ...]]],
    redshift: Config,
    table: dict[str, Any],
) -> None:
    """The server ends the session before each statement in turn; a later attempt does the work."""
    file_type = make_file_type(table=table, columns=COLUMNS if "deletes" in table else COLUMNS[:3])
    ends = (b",I", b",D") if "deletes" in table else (b"", b"")
    header = HEADER if "deletes" in table else b"id,city,at\n"
    prepare_load(file_type, header + b"1,Bern,1" + ends[0] + b"\n2,Oslo,1" + ends[0] + b"\n").run()
    load = prepare_load(file_type, header + (b"1,Bern,2" + ends[1] + b"\n" if "deletes" in table else b"2,Oslo,1\n"))
    for dying in kills_before_each_statement(redshift, file_type.table, load.file):
        replace(load, warehouse=dying).run()
        assert query(f"SELECT id, city FROM {file_type.table.name}") == [(2, "Oslo")]  # noqa: S608
