"""The checker sees each kind of violation in a history that is otherwise sound."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from inspect import getsource

import pytest

from tests.torture import checker
from tests.torture.checker import violations
from tests.torture.history import Drop, FileRow, History, LoadedRow, Move, Rejected, Target

NOON = datetime(2026, 1, 1, 12)  # noqa: DTZ001 - as Redshift keeps it
ROWS_A = (("a1", "1"), ("a2", "2"))
ROWS_B = (("b1", "2"), ("b2", "3"))
BAD = ((3, "x,bad"),)


def at(minute: int) -> datetime:
    return NOON + timedelta(minutes=minute)


def done_file(name: str, minute: int, rows: int, bad: int = 0, table: str = "lake.t") -> FileRow:
    return FileRow(
        name, "t", f"t/{name}", f"v{name}", "Done", at(minute), f"run{name}", table, rows + bad, rows, bad,
        at(minute + 1), f"t/kept/{name}",
    )  # fmt: skip


def way(name: str, minute: int, *statuses: str) -> list[Move]:
    steps = [None, *statuses]
    return [
        Move(name, was, to, at(minute) + timedelta(seconds=number), f"run{name}")
        for number, (was, to) in enumerate(zip(steps, statuses, strict=False))
    ]


def history(mode: str = "append") -> History:
    """Return a history in which all is well: two Done files, one with a rejected row, and one of no type."""
    a, b = done_file("a", 0, 2, bad=1), done_file("b", 5, 2)
    crew = FileRow("c", None, "crew/c", "vc", "Rejected", at(9))
    kept = {"append": ["a1", "a2", "b1", "b2"], "truncate": ["b1", "b2"], "replace": ["b1", "b2"]}
    kept["merge"] = ["a1", "b1", "b2"]
    moved = {name[0]: at(1) if name[0] == "a" else at(6) for name in kept["append"]}
    return History(
        targets=[Target("t", "lake.t", mode, max_rejected=1)],
        drops=[
            Drop("t/a", "va", "t", "da", ROWS_A, BAD),
            Drop("t/b", "vb", "t", "db", ROWS_B),
            Drop("crew/c", "vc", None, "dc"),
        ],
        files=[a, b, crew],
        log=way("a", 0, "New", "In Progress", "Done") + way("b", 5, "New", "In Progress", "Done")
        + way("c", 9, "Rejected"),
        rejected=[Rejected("a", "runa", *BAD[0])],
        tables={"lake.t": [LoadedRow(token, moved[token[0]]) for token in kept[mode]]},
        landing=frozenset({("crew/c", "vc")}),
        archive={"t/kept/a": "da", "t/kept/b": "db"},
        alerts=["runx"],
    )  # fmt: skip


def with_file(of: History, name: str, **changes: object) -> History:
    files = [replace(each, **changes) if each.file_id == name else each for each in of.files]  # type: ignore[arg-type]
    return replace(of, files=files)


def with_rows(of: History, *rows: tuple[str, int], without: str = "") -> History:
    kept = [row for row in of.tables["lake.t"] if row.token != without]
    return replace(of, tables={"lake.t": kept + [LoadedRow(token, at(minute)) for token, minute in rows]})


def failed(of: History) -> History:
    """Return the history with file b failed before anything was loaded."""
    of = with_file(of, "b", status="Fail", loaded_at=None, table_name=None, archive_key=None)
    log = [each for each in of.log if each.file_id != "b"] + way("b", 5, "New", "In Progress", "Fail")
    of = replace(of, log=log, landing=of.landing | {("t/b", "vb")}, archive={"t/kept/a": "da"})
    rows = {"lake.t": [row for row in of.tables["lake.t"] if row.token[0] != "b"]}
    return replace(of, tables=rows, alerts=[*of.alerts, "runb"])


def filtered(of: History, minute: int) -> History:
    """Return the history of a type that takes the newest, with file b filtered out, which landed at that minute."""
    of = with_file(failed(of), "b", status="Filtered Out", landed_at=at(minute))
    log = [each for each in of.log if each.file_id != "b"] + way("b", 5, "New", "Filtered Out")
    return replace(of, log=log, targets=[replace(of.targets[0], select="newest")])


def replayed(of: History) -> History:
    return replace(of, log=[*of.log, *way("a", 2, "New", "In Progress", "Done")[1:], Move("a", "Done", "New", at(2))])


@pytest.mark.parametrize("mode", ["append", "truncate", "replace", "merge"])
def test_history_in_which_all_is_well_shows_nothing(mode: str) -> None:
    assert violations(history(mode)) == []


@pytest.mark.parametrize("change", [failed, replayed, lambda of: filtered(of, -1)])
def test_failed_replayed_and_filtered_files_are_no_violation(change: Callable[[History], History]) -> None:
    assert violations(change(history())) == []


def test_each_file_has_a_table_of_its_own_in_new_table() -> None:
    of = with_file(with_file(history(), "a", table_name="lake.t_a"), "b", table_name="lake.t_b")
    rows = {name: [row for row in of.tables["lake.t"] if row.token[0] == name] for name in "ab"}
    of = replace(of, targets=[Target("t", "lake.t", "new_table", max_rejected=1)])
    assert violations(replace(of, tables={"lake.t_a": rows["a"], "lake.t_b": rows["b"]})) == []
    swapped = violations(replace(of, tables={"lake.t_a": rows["b"], "lake.t_b": rows["a"]}))
    assert {each.kind for each in swapped} == {"row lost", "row outlived"}


SEEDED: list[tuple[str, Callable[[], History]]] = [
    ("registration missing", lambda: replace(history(), drops=[*history().drops, Drop("t/d", "vd", "t", "dd")],
                                             landing=frozenset({("crew/c", "vc"), ("t/d", "vd")}))),
    ("registration doubled", lambda: replace(history(), files=[*history().files, history().files[0]])),
    ("registration doubled", lambda: replace(
        history(), files=[*history().files, replace(history().files[2], file_id="c2")],
        log=[*history().log, *way("c2", 9, "Rejected")])),
    ("registration of nothing", lambda: replace(history(), drops=history().drops[:2])),
    ("registration wrong", lambda: with_file(history(), "b", file_type="other")),
    ("move illegal", lambda: replace(
        history(), log=[each for each in history().log if each.file_id != "b"] + way("b", 5, "New", "Done"))),
    ("move illegal", lambda: replace(
        history(), log=[*history().log, Move("b", "Done", "Rejected", at(8)), Move("b", "Rejected", "New", at(9)),
                        *way("b", 10, "New", "In Progress", "Done")[1:]])),
    ("move missing", lambda: replace(history(), log=[each for each in history().log if each.file_id != "b"])),
    ("move missing", lambda: replace(history(), log=[
        each for each in history().log if each.to_status != "In Progress"])),
    ("move missing", lambda: with_file(history(), "b", status="Fail")),
    ("move missing", lambda: replace(history(), log=[*history().log, history().log[0]])),
    ("move of nothing", lambda: replace(history(), log=[*history().log, *way("z", 0, "New")])),
    ("status unknown", lambda: with_file(history(), "b", status="Finished")),
    ("not at rest", lambda: replace(with_file(history(), "b", status="In Progress"), log=[
        each for each in history().log if (each.file_id, each.to_status) != ("b", "Done")])),
    ("not at rest", lambda: replace(with_file(history(), "b", status="New"), log=[
        *[each for each in history().log if each.file_id != "b"], *way("b", 5, "New")])),
    ("false Done", lambda: with_file(history(), "b", rows_in_file=3)),
    ("false Done", lambda: with_file(history(), "b", rows_loaded=1)),
    ("false Done", lambda: with_file(history(), "b", loaded_at=None)),
    ("false Done", lambda: replace(history(), targets=[Target("t", "lake.t", "append")])),
    ("false Done", lambda: replace(history(), archive={"t/kept/a": "da"}, landing=frozenset(
        {("crew/c", "vc"), ("t/b", "vb")}))),
    ("row lost", lambda: with_rows(history(), without="b1")),
    ("row lost", lambda: with_rows(history("truncate"), without="b1")),
    ("row lost", lambda: with_rows(history("merge"), without="a1")),
    ("row doubled", lambda: with_rows(history(), ("b1", 6))),
    ("row doubled", lambda: with_rows(history("merge"), ("b1", 6))),
    ("row of a file that is not Done", lambda: with_rows(failed(history()), ("b1", 6))),
    ("row of nobody", lambda: with_rows(history(), ("z1", 6))),
    ("row outlived", lambda: with_rows(history("truncate"), ("a1", 1))),
    ("row outlived", lambda: with_rows(history("merge"), ("a2", 1))),
    ("lineage wrong", lambda: with_rows(history(), ("b1", 7), without="b1")),
    ("reject lost", lambda: replace(history(), rejected=[])),
    ("reject doubled", lambda: replace(history(), rejected=[*history().rejected, *history().rejected])),
    ("reject unknown", lambda: replace(history(), rejected=[*history().rejected, Rejected("b", "runb", 2, "b1,2")])),
    ("reject unknown", lambda: replace(history(), rejected=[Rejected("a", "runa", 3, "x,b")])),
    ("reject unknown", lambda: replace(history(), rejected=[*history().rejected, Rejected("z", "runz", 2, "")])),
    ("object lost", lambda: replace(history(), archive={"t/kept/a": "da"})),
    ("object lost", lambda: replace(history(), landing=frozenset())),
    ("object damaged", lambda: replace(history(), archive={"t/kept/a": "da", "t/kept/b": "da"})),
    ("archive unknown", lambda: replace(history(), archive={**history().archive, "t/kept/z": "dz"})),
    ("filtered wrongly", lambda: filtered(history(), 30)),
    ("filtered wrongly", lambda: replace(filtered(history(), -1), targets=history().targets)),
    ("alert missing", lambda: replace(failed(history()), alerts=["runx"])),
    ("alert doubled", lambda: replace(history(), alerts=["runx", "runx"])),
    ("alert doubled", lambda: replace(history(), alerts=["runx"] * 3, retold={"runx": 1})),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "seeded"), SEEDED, ids=[f"{kind}-{n}" for n, (kind, _) in enumerate(SEEDED)])
def test_seeded_violation_is_caught(kind: str, seeded: Callable[[], History]) -> None:
    assert kind in {each.kind for each in violations(seeded())}


def test_alert_cut_off_before_it_was_noted_may_come_again() -> None:
    assert violations(replace(history(), alerts=["runx", "runx"], retold={"runx": 1})) == []


def test_every_kind_that_the_checker_knows_is_seeded() -> None:
    """A check that nothing was ever seeded for may be blind."""
    known = set(re.findall(r'Violation\(\s*"([^"]+)"', getsource(checker)))
    assert known == {kind for kind, _ in SEEDED}
