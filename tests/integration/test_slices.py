"""Mode slice replaces the slices of a file, and undo --restore brings replaced rows back exactly."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from lakeport.cli.application import app
from lakeport.errors import NewerSlice, OutsideSlice, TableMismatch
from lakeport.redshift.fitting import fit_table
from lakeport.wording import amount
from local.config import Config
from tests.integration.killing import kills_before_each_statement
from tests.integration.test_replaying import apply, do, plan, refusals
from tests.integration.world import HEADER, World
from tests.support.golden import golden, raises_golden

BY_CITY = {"mode": "slice", "slice": ["city"]}
BY_NAME = {"mode": "slice", "slice": {"from": "captured"}}
TRUNCATE = {"mode": "truncate", "keep_replaced": "7d"}
MERGE = {"mode": "merge", "key": ["id"], "keep_replaced": "7d"}
Rows = list[tuple[Any, ...]]


def rows(world: World, columns: str = "id, city") -> Rows:
    return world.query(f"SELECT {columns} FROM {world.file_type.table.name} ORDER BY id, city")  # noqa: S608


def everything(world: World) -> Rows:
    return rows(world, "id, city, price, _loaded_at")


def kept(world: World) -> int:
    [(count,)] = world.query(f"SELECT COUNT(*) FROM {world.file_type.table.name}__lakeport_replaced")  # noqa: S608
    return int(count)


def reason(world: World, key: str) -> Any:
    [(text,)] = world.query("SELECT status_reason FROM mng.files WHERE key = %s", (key,))
    return text


def write_schema(world: World, **changes: Any) -> None:
    """Write a schema in which an empty text is NULL."""
    world.write_schema(**{"format": {"type": "csv", "header_lines": 1, "emptyasnull": True}, **changes})


def by_name(world: World) -> World:
    """Write a schema in which the names of the files have the cities."""
    write_schema(world, table=BY_NAME, landing={"pattern": f"{world.name}/{{city}}_*.csv", "select": "all"})
    return world


def test_slices_of_a_file_are_replaced_and_others_stay(world: World) -> None:
    """Also the slice of the rows that have no value; a file without rows replaces nothing, as its status shows."""
    write_schema(world, table=BY_CITY)
    world.bring(HEADER + b"1,Bern,1\n2,Bern,2\n3,Oslo,3\n4,,4\n5,,5\n", "a.csv")
    world.bring(HEADER + b"6,Bern,6\n7,,7\n8,Rome,8\n", "b.csv")
    assert rows(world) == [(3, "Oslo"), (6, "Bern"), (7, None), (8, "Rome")]
    assert world.query("SELECT key, rows_replaced FROM mng.files ORDER BY landed_at") == [
        (f"{world.name}/a.csv", 0),
        (f"{world.name}/b.csv", 4),
    ]
    empty = world.bring(HEADER, "c.csv")
    assert (rows(world)[0], len(rows(world)), kept(world)) == ((3, "Oslo"), 4, 4)
    assert reason(world, empty.key) == "the file has no rows, so it has no slice and replaced nothing"


def test_slice_of_two_columns_is_equal_in_both(world: World) -> None:
    write_schema(world, table={"mode": "slice", "slice": {"columns": ["id", "city"]}})
    world.bring(HEADER + b"1,Bern,1\n1,Oslo,2\n1,,3\n", "a.csv")
    world.bring(HEADER + b"1,Oslo,4\n1,,5\n", "b.csv")
    assert rows(world, "id, city, price::integer") == [(1, "Bern", 1), (1, "Oslo", 4), (1, None, 5)]


def test_captured_slice_is_replaced_and_cleared_by_a_file_without_rows(world: World) -> None:
    by_name(world)
    world.bring(HEADER + b"1,Bern,1\n2,Bern,2\n", "Bern_1.csv")
    world.bring(HEADER + b"3,Oslo,3\n", "Oslo_1.csv")
    world.bring(HEADER + b"4,Bern,4\n", "Bern_2.csv")
    assert rows(world) == [(3, "Oslo"), (4, "Bern")]
    cleared = world.bring(HEADER, "Bern_3.csv")
    assert rows(world) == [(3, "Oslo")]
    do(world, "undo", cleared.key, restore=True)
    assert rows(world) == [(3, "Oslo"), (4, "Bern")]


def test_captured_date_is_compared_as_a_date(world: World) -> None:
    columns = [{"name": "id", "type": "integer", "required": True}, {"name": "day", "type": "date"}]
    pattern = f"{world.name}/{{day:%Y%m%d}}_*.csv"
    write_schema(world, table=BY_NAME, landing={"pattern": pattern, "select": "all"}, columns=columns)
    for name, body in (("20261101_a.csv", b"1,2026-11-01\n"), ("20261102_a.csv", b"2,2026-11-02\n")):
        world.bring(b"id,day\n" + body, name)
    world.bring(b"id,day\n3,2026-11-01\n", "20261101_b.csv")
    assert world.query(f"SELECT id FROM {world.file_type.table.name} ORDER BY id") == [(2,), (3,)]  # noqa: S608


def test_rows_of_another_slice_than_that_of_the_name_are_refused(world: World) -> None:
    by_name(world)
    world.bring(HEADER + b"1,Bern,1\n", "Bern_1.csv")
    with raises_golden(OutsideSlice, "loading", "rows outside the captured slice", "city Oslo (2 rows)", "city NULL"):
        world.load(HEADER + b"2,Bern,1\n3,Oslo,1\n4,Oslo,1\n5,,1\n", "Bern_2.csv")
    assert rows(world) == [(1, "Bern")]


def test_captured_text_that_does_not_fit_its_column_is_refused(world: World) -> None:
    write_schema(world, table=BY_NAME, landing={"pattern": f"{world.name}/{{id}}_*.csv"})
    with raises_golden(OutsideSlice, "loading", "capture does not fit its column", "captures id x", "id integer"):
        world.load(HEADER + b"1,Bern,1\n", "x_1.csv")


@pytest.mark.parametrize("table", [BY_CITY, MERGE, TRUNCATE], ids=["slice", "merge", "truncate"])
def test_undo_with_restore_leaves_the_table_as_before_the_load(world: World, table: dict[str, Any]) -> None:
    """The newest load first: a load whose own rows were replaced is refused, and nothing changes."""
    write_schema(world, table=table)
    first = world.bring(HEADER + b"1,Bern,1\n2,Oslo,2\n3,Bern,3\n", "a.csv")
    states = [everything(world)]
    files = [first]
    for name, body in (("b", b"1,Bern,4\n5,Bern,5\n"), ("c", b"1,Bern,6\n7,Rome,7\n")):
        files.append(world.bring(HEADER + body, f"{name}.csv"))
        states.append(everything(world))
    [refused] = refusals(plan(world, "undo", files[1].key, restore=True))
    assert "with --restore" in refused
    for file, before in zip(files[:0:-1], states[-2::-1], strict=True):
        [planned] = do(world, "undo", file.key, restore=True)
        assert f"restore {amount(planned.restores or 0, 'row')} that" in planned.summary
        assert everything(world) == before
    assert (kept(world), world.found()) == (0, [])
    do(world, "replay", files[1].key, older=True)
    world.run_again()
    assert rows(world, "id, city, price") == [row[:3] for row in states[1]]


def test_undo_of_a_slice_leaves_later_slices_alone(world: World) -> None:
    by_name(world)
    for city in ("Bern", "Oslo"):
        world.bring(HEADER + f"1,{city},1\n".encode(), f"{city}_1.csv")
    before = everything(world)
    second = world.bring(HEADER + b"2,Bern,2\n", "Bern_2.csv")
    world.bring(HEADER + b"2,Oslo,2\n", "Oslo_2.csv")
    do(world, "undo", second.key, restore=True)
    assert rows(world) == [(1, "Bern"), (2, "Oslo")]
    assert everything(world)[0] == before[0]


def test_undo_with_restore_is_refused_where_a_later_file_has_the_same_slice(world: World) -> None:
    """Neither file has rows, so only their names tell."""
    by_name(world)
    world.bring(HEADER + b"1,Bern,1\n", "Bern_1.csv")
    second = world.bring(HEADER, "Bern_2.csv")
    world.bring(HEADER, "Bern_3.csv")
    [refused] = refusals(plan(world, "undo", second.key, restore=True))
    assert f"{world.name}/Bern_3.csv was loaded later" in refused
    golden("recovery", "refused: a later load of the slice", refused)


def test_undo_with_restore_is_refused_where_replaced_rows_were_not_kept(world: World) -> None:
    write_schema(world, table={"mode": "truncate"})
    world.bring(HEADER + b"1,Bern,1\n", "a.csv")
    file = world.bring(HEADER + b"2,Bern,1\n", "b.csv")
    write_schema(world, table=TRUNCATE)
    [refused] = refusals(plan(world, "undo", file.key, restore=True))
    assert "were not kept" in refused
    golden("recovery", "refused: replaced rows were not kept", refused)
    again = world.bring(HEADER + b"3,Bern,1\n", "c.csv")
    world.query(f"DELETE FROM {world.file_type.table.name}__lakeport_replaced; SELECT 1")  # noqa: S608
    [refused] = refusals(plan(world, "undo", again.key, restore=True))
    assert refused == "only 0 of 1 row that it replaced can be restored"


def test_rows_of_an_undone_file_are_never_restored(world: World) -> None:
    """The plan of undo mentions --restore; the rows that another file replaced of it go with it."""
    write_schema(world, table=BY_CITY)
    first = world.bring(HEADER + b"1,Bern,1\n2,Oslo,2\n", "a.csv")
    second = world.bring(HEADER + b"3,Bern,3\n", "b.csv")
    [hint] = [each.summary for each in plan(world, "undo", second.key)]
    assert hint.endswith("--restore also restores the rows it replaced")
    do(world, "undo", first.key)
    assert (rows(world), kept(world)) == ([(3, "Bern")], 0)
    do(world, "undo", second.key, restore=True)
    assert rows(world) == []


def test_replay_of_a_slice_restores_before_it_loads_again(world: World) -> None:
    write_schema(world, table=BY_CITY)
    world.bring(HEADER + b"1,Bern,1\n", "a.csv")
    before = everything(world)
    second = world.bring(HEADER + b"2,Bern,2\n", "b.csv")
    do(world, "replay", second.key)
    assert everything(world) == before
    world.run_again()
    assert (rows(world), kept(world)) == ([(2, "Bern")], 1)
    do(world, "undo", second.key, restore=True)
    assert everything(world) == before


@pytest.mark.usefixtures("retrying_at_once")
def test_interruption_of_undo_with_restore_leads_to_the_same_result(world: World, redshift: Config) -> None:
    """The session is lost before each statement in turn, and the command runs again."""
    write_schema(world, table=BY_CITY)
    world.bring(HEADER + b"1,Bern,1\n", "a.csv")
    before = everything(world)
    file = world.bring(HEADER + b"2,Bern,2\n", "b.csv")
    planned = plan(world, "undo", file.key, restore=True)
    for killed in kills_before_each_statement(redshift, world.file_type.table, file):
        assert everything(world) != before
        apply(killed, planned, "undo")
        assert (everything(world), kept(world)) == (before, 0)


@pytest.mark.parametrize("is_captured", [True, False])
def test_older_file_replaces_a_newer_slice_only_if_a_replay_allows_it(world: World, is_captured: bool) -> None:
    by_name(world) if is_captured else write_schema(world, table=BY_CITY)
    older = world.claim(HEADER + b"1,Bern,1\n", "Bern_1.csv")
    world.bring(HEADER + b"2,Bern,2\n", "Bern_2.csv")
    with raises_golden(NewerSlice, "loading", "a newer file is in the slice", f"{world.name}/Bern_2.csv", "--older"):
        world.load_claimed(older)
    assert rows(world) == [(2, "Bern")]
    world.airflow.end("run1", "failed")
    world.reconcile()
    if is_captured:
        [refused] = refusals(plan(world, "replay", older.key))
        assert refused.startswith(f"{world.name}/Bern_2.csv landed later")
        golden("recovery", "refused: a newer file is in the slice", refused)
    do(world, "replay", older.key, older=True)
    world.run_again()
    assert rows(world) == [(1, "Bern")]


def test_kept_rows_follow_the_table(world: World) -> None:
    """Columns that the schema or a file adds, and longer ones, are restored, too; another type is refused."""
    write_schema(world, table=BY_CITY)
    world.bring(HEADER + b"1,Bern,1\n", "a.csv")
    world.bring(HEADER + b"2,Bern,2\n", "b.csv")
    columns = [{"name": "id", "type": "integer", "required": True}, {"name": "city", "type": "varchar(20)"}]
    columns += [{"name": "price", "type": "decimal(8,2)"}, {"name": "note", "type": "varchar(8)"}]
    write_schema(world, table=BY_CITY, columns=columns, drift="add")
    world.bring(b"id,city,price,note,by\n3,Bern,3,good,Ann\n4,Johannesburg,4,fine,Bob\n", "c.csv")
    before = rows(world, "id, city, note, by")
    last = world.bring(b"id,city,price,note\n5,Bern,5,new\n6,Johannesburg,4,new\n", "d.csv")
    do(world, "undo", last.key, restore=True)
    assert (
        rows(world, "id, city, note, by") == before == [(3, "Bern", "good", "Ann"), (4, "Johannesburg", "fine", "Bob")]
    )
    name = world.file_type.table.name
    world.query(f"ALTER TABLE {name}__lakeport_replaced DROP COLUMN note; SELECT 1")
    world.query(f"ALTER TABLE {name}__lakeport_replaced ADD COLUMN note INTEGER; SELECT 1")
    fit_table(world.warehouse, world.file_type)
    with raises_golden(TableMismatch, "loading", "kept rows have another type", f"{name}__lakeport_replaced", "note"):
        world.load(b"id,city,price,note\n7,Bern,5,new\n", "e.csv")


def test_kept_rows_are_deleted_after_their_time(world: World) -> None:
    write_schema(world, table={**BY_CITY, "keep_replaced": "1d"})
    world.bring(HEADER + b"1,Bern,1\n", "a.csv")
    world.bring(HEADER + b"2,Bern,2\n", "b.csv")
    name = f"{world.file_type.table.name}__lakeport_replaced"
    world.query(f"UPDATE {name} SET _replaced_at = DATEADD(hour, -25, SYSDATE); SELECT 1")  # noqa: S608
    world.bring(HEADER + b"3,Bern,2\n", "c.csv")
    assert kept(world) == 1


@pytest.mark.parametrize(
    ("table", "answer"),
    [
        (BY_CITY, [{"rows": 2, "slice": {"city": "Bern"}}, {"rows": 1, "slice": {"city": None}}]),
        ({"mode": "merge", "key": ["id"]}, [{"rows": 1, "slice": {}}]),
        ({"mode": "replace"}, [{"rows": 4, "slice": {}}]),
    ],
)
def test_plan_shows_the_rows_that_a_load_would_replace(
    world: World, tmp_path: Path, table: dict[str, Any], answer: list[dict[str, Any]]
) -> None:
    write_schema(world, table=table)
    world.bring(HEADER + b"1,Bern,1\n2,Bern,2\n3,Oslo,3\n4,,4\n", "a.csv")
    sample = tmp_path / "b.csv"
    sample.write_bytes(HEADER + b"1,Bern,6\n7,,7\n")
    result = CliRunner().invoke(app, ["plan", world.name, str(sample), "--json"])
    assert json.loads(result.stdout)["sample"]["replaced"] == answer, result.output
    text = CliRunner().invoke(app, ["plan", world.name, str(sample)]).stdout
    assert f"they would replace {amount(sum(each['rows'] for each in answer), 'row')} of lake.{world.name}" in text
    assert ("- city NULL: 1 row\n" in text) is ("slice" in table)
