"""Mode history: random change files in random order leave what a plain Python model says, and so does each undo."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from lakeport.cli.application import app
from lakeport.errors import DuplicateKeys, LakeportError, TableMismatch
from lakeport.model import RegisteredFile
from lakeport.redshift.fitting import fit_table
from local.config import Config
from tests.integration.killing import kills_before_each_statement
from tests.integration.test_replaying import apply, do, plan, refusals
from tests.integration.world import World
from tests.support.golden import golden, raises_golden

CASES, STEPS = 1_000, 12
CITIES = ("Bern", "Oslo", "Rome", "")
FIRST_DAY = date(2026, 1, 1)
HEADER = "case_number,id,city,note,day,op\n"
COLUMNS = [
    {"name": "case_number", "type": "integer", "required": True},
    {"name": "id", "type": "integer", "required": True},
    {"name": "city", "type": "varchar(8)"},
    {"name": "note", "type": "varchar(8)"},
    {"name": "day", "type": "date", "required": True},
    {"name": "op", "type": "char(1)", "only_in": "file"},
]
KEY = ["case_number", "id"]
BY_COLUMN = {"key": KEY, "history": {"from": "day", "track": ["city"]}, "deletes": "op = 'D'"}
BY_NAME = {"key": KEY, "history": {"from": "captured.day", "track": ["city"]}, "deletes": "op = 'D'", "snapshot": True}
Key = tuple[int, int]


@dataclass(frozen=True)
class Version:
    """A row from a time on: what it has in the tracked column and in another, and the load that brought it."""

    city: str | None
    note: str
    load: int


@dataclass
class Model:
    """What history means: the points of each key at which a version begins, or the last one ends (None)."""

    points: dict[Key, dict[date, Version | None]] = field(default_factory=dict)

    def after(self, changes: dict[Key, dict[date, Version | None]]) -> Model:
        """Return the model after a file; a change is a version, or None where the file deletes its key."""
        return Model({**self.points, **{key: _joined(self.points.get(key, {}), new) for key, new in changes.items()}})

    def lacked(self, day: date, keys: Iterable[Key]) -> dict[Key, dict[date, Version | None]]:
        """Return the changes by a snapshot of a day that has only these keys."""
        found, there = dict[Key, dict[date, Version | None]](), set(keys)
        for key, points in self.points.items():
            before = [at for at in sorted(points) if at <= day]
            if key not in there and before and points[before[-1]]:
                found[key] = {day: None}
        return found

    def rows(self) -> list[tuple[Any, ...]]:
        """Return the rows of the table."""
        rows = list[tuple[Any, ...]]()
        for (case, id_), points in self.points.items():
            days = sorted(points)
            for at, until in zip(days, [*days[1:], None], strict=False):
                if version := points[at]:
                    rows.append((case, id_, at, until, version.city, version.note, version.load))
        return sorted(rows, key=lambda row: row[:3])


def _joined(old: dict[date, Version | None], new: dict[date, Version | None]) -> dict[date, Version | None]:
    """Return the points of a key after those of a file, without those that change nothing."""
    points, fresh = dict(old), set[date]()
    for at, version in new.items():
        known = old.get(at)
        if not (version and known and known.city == version.city):
            points[at] = version
            fresh.add(at)
    kept, before = dict[date, Version | None](), None
    for at in sorted(points):
        version = points[at]
        is_same = at in fresh and version and before and before.city == version.city
        if not is_same and (version or before):  # an end of no version is none
            kept[at] = version
        before = version
    return kept


def history(world: World, table: dict[str, Any], pattern: str = "*", **changes: Any) -> World:
    landing = {"pattern": f"{world.name}/{pattern}", "select": "all"}
    format_ = {"type": "csv", "header_lines": 1, "emptyasnull": True}
    schema = {"table": {"mode": "history", **table}, "landing": landing, "format": format_, "columns": COLUMNS}
    world.write_schema(**{**schema, **changes})
    return world


def table_rows(world: World, loads: dict[datetime, int]) -> list[tuple[Any, ...]]:
    columns = "case_number, id, _valid_from::date, _valid_to::date, city, note, _loaded_at"
    found = world.query(f"SELECT {columns} FROM {world.file_type.table.name} ORDER BY 1, 2, 3")  # noqa: S608
    return [(*row[:-1], loads[row[-1]]) for row in found]


def loaded_at(world: World, file: RegisteredFile) -> datetime:
    [(moment,)] = world.query("SELECT loaded_at FROM mng.files WHERE file_id = %s", (file.file_id,))
    return moment  # type: ignore[no-any-return]


@pytest.mark.parametrize("is_snapshot", [False, True], ids=["changes", "snapshots"])
def test_random_files_in_random_order_leave_what_the_model_says(world: World, is_snapshot: bool) -> None:
    """A thousand cases at once: the number of the case is a part of the key, and a file has rows of all of them."""
    history(world, BY_NAME, "{day:%Y-%m-%d}_*.csv") if is_snapshot else history(world, BY_COLUMN)
    order = random.Random(7)
    states, files, loads = [Model()], list[RegisteredFile](), dict[datetime, int]()
    for step in range(STEPS):
        day = FIRST_DAY + timedelta(days=order.randrange(9))
        changes = _changes(order, step, day if is_snapshot else None)
        body = HEADER + "".join(
            f"{case},{id_},{version.city or '' if version else ''},{version.note if version else ''},{at},"
            f"{'U' if version else 'D'}\n"
            for (case, id_), points in changes.items()
            for at, version in points.items()
        )
        file = world.bring(body.encode(), f"{day}_{step}.csv")
        loads[loaded_at(world, file)] = step
        files.append(file)
        missing = states[-1].lacked(day, changes) if is_snapshot else {}
        states.append(states[-1].after({**changes, **missing}))
        assert table_rows(world, loads) == states[-1].rows(), step
        if order.random() < 0.4:
            states.pop()
            do(world, "undo", files.pop().key)
            assert table_rows(world, loads) == states[-1].rows(), step
    while files:
        states.pop()
        do(world, "undo", files.pop().key, restore=True)
    assert (table_rows(world, loads), world.found()) == ([], [])


def _changes(order: random.Random, step: int, day: date | None) -> dict[Key, dict[date, Version | None]]:
    """Return a random change file: up to three times of up to three keys of each case, or those of one day."""
    changes = dict[Key, dict[date, Version | None]]()
    for case in range(CASES):
        for id_ in order.sample(range(4), order.randrange(4)):
            days = (
                [day] if day else [FIRST_DAY + timedelta(days=n) for n in order.sample(range(9), order.randint(1, 3))]
            )
            versions = [Version(order.choice(CITIES) or None, f"n{order.randrange(99)}", step) for _ in days]
            points = [version if order.random() < 0.8 else None for version in versions]
            changes[case, id_] = dict(zip(days, points, strict=True))
    return changes


def rows(world: World) -> list[tuple[Any, ...]]:
    columns = "id, city, _valid_from::varchar, _valid_to::varchar"
    return world.query(f"SELECT {columns} FROM {world.file_type.table.name} ORDER BY id, _valid_from")  # noqa: S608


def line(id_: int, city: str, day: str, op: str = "U") -> str:
    return f"1,{id_},{city},,2026-01-{day},{op}\n"


def test_same_file_twice_changes_nothing_and_untracked_columns_make_no_version(world: World) -> None:
    history(world, BY_COLUMN)
    world.bring((HEADER + line(1, "Bern", "01") + line(1, "Oslo", "05")).encode(), "a.csv")
    before = rows(world)
    again = world.bring((HEADER + line(1, "Bern", "01") + line(1, "Oslo", "05")).encode(), "b.csv")
    world.bring((HEADER + "1,1,Oslo,new,2026-01-07,U\n").encode(), "c.csv")
    assert rows(world) == before == [(1, "Bern", "2026-01-01", "2026-01-05"), (1, "Oslo", "2026-01-05", None)]
    [(reason,)] = world.query("SELECT status_reason FROM mng.files WHERE file_id = %s", (again.file_id,))
    assert reason == "table.deletes and table.history made 0 new versions of 2 rows"


def test_two_rows_of_a_key_at_one_time_are_refused(world: World) -> None:
    history(world, BY_COLUMN)
    with raises_golden(DuplicateKeys, "loading", "two versions at one time", "case_number 1, id 1, day 2026-01-01"):
        world.load((HEADER + line(1, "Bern", "01") + line(1, "Oslo", "01")).encode(), "a.csv")


def test_only_the_last_load_is_undone_or_replayed(world: World) -> None:
    """A later one may have found nothing to change, which leaves no trace."""
    history(world, BY_COLUMN)
    first = world.bring((HEADER + line(1, "Bern", "01")).encode(), "a.csv")
    last = world.bring((HEADER + line(1, "Bern", "03")).encode(), "b.csv")
    for command in ("undo", "replay"):
        [refused] = refusals(plan(world, command, first.key))
        assert refused.startswith(f"{last.key} was loaded later")
    do(world, "replay", last.key)
    world.run_again()
    for file in (last, first):
        do(world, "undo", file.key)
    assert rows(world) == []


def test_landing_time_is_from_when_rows_are_valid(world: World) -> None:
    history(world, {"key": KEY, "history": {"from": "landed_at"}}, columns=COLUMNS[:-1])
    files = [
        world.bring(f"case_number,id,city,note,day\n1,1,{city},,2026-01-01\n".encode(), f"{city}.csv")
        for city in ("Bern", "Oslo")
    ]
    times = world.query("SELECT landed_at FROM mng.files ORDER BY landed_at")
    found = world.query(f"SELECT _valid_from, _valid_to FROM {world.file_type.table.name} ORDER BY 1")  # noqa: S608
    assert found == [(times[0][0], times[1][0]), (times[1][0], None)]
    assert len(files) == 2


def test_versions_that_overlap_are_not_committed(world: World) -> None:
    """Another program has changed the table."""
    history(world, BY_COLUMN)
    world.bring((HEADER + line(1, "Bern", "01") + line(1, "Oslo", "05")).encode(), "a.csv")
    world.query(f"UPDATE {world.file_type.table.name} SET _valid_to = '2026-01-09' WHERE city = 'Bern'; SELECT 1")  # noqa: S608
    world.query(f"INSERT INTO {world.file_type.table.name} SELECT * FROM {world.file_type.table.name}; SELECT 1")  # noqa: S608
    before = rows(world)
    with raises_golden(LakeportError, "loading", "versions overlap", "case_number 1, id 1"):
        world.load((HEADER + line(1, "Rome", "20")).encode(), "b.csv")
    assert rows(world) == before


def test_table_of_another_mode_is_refused(world: World) -> None:
    world.write_schema(columns=COLUMNS[:-1])
    fit_table(world.warehouse, world.file_type)
    history(world, BY_COLUMN)
    with pytest.raises(TableMismatch, match="_valid_from is missing, which mode history needs"):
        fit_table(world.warehouse, world.file_type)


def test_plan_shows_how_many_versions_would_end(world: World, tmp_path: Path) -> None:
    history(world, BY_COLUMN)
    world.bring((HEADER + line(1, "Bern", "01") + line(2, "Oslo", "01")).encode(), "a.csv")
    sample = tmp_path / "b.csv"
    sample.write_text(HEADER + line(1, "Rome", "04") + line(3, "Rome", "04"))
    result = CliRunner().invoke(app, ["plan", world.name, str(sample), "--json"])
    assert json.loads(result.stdout)["sample"]["replaced"] == [{"rows": 1, "slice": {}}], result.output
    assert "they would end at most 1 row of" in CliRunner().invoke(app, ["plan", world.name, str(sample)]).stdout


@pytest.mark.usefixtures("retrying_at_once")
def test_interruption_of_a_load_and_of_its_undo_leads_to_the_same_result(world: World, redshift: Config) -> None:
    """The session is lost before each statement of an undo in turn, and the command runs again."""
    history(world, BY_COLUMN)
    world.bring((HEADER + line(1, "Bern", "01") + line(2, "Oslo", "01")).encode(), "a.csv")
    before = rows(world)
    file = world.bring((HEADER + line(1, "Rome", "04") + line(2, "", "05", "D")).encode(), "b1.csv")
    planned = plan(world, "undo", file.key)
    golden("recovery", "plan: undo of a history", planned[0].summary)
    for killed in kills_before_each_statement(redshift, world.file_type.table, file):
        assert rows(world) != before
        apply(killed, planned, "undo")
        assert rows(world) == before
