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
from tests.torture.expected import KEPT
from tests.torture.history import Drop, FileRow, History, LoadedRow, Move, Rejected, Sent, Target

NOON = datetime(2026, 1, 1, 12)  # noqa: DTZ001 - as Redshift keeps it
ROWS_A = (("a1", "1"), ("a2", "2"))
ROWS_B = (("b1", "2"), ("b2", "3"))
BAD = ((3, "x,bad"),)
KEYS = dict(ROWS_A + ROWS_B)
RETRIED = Move("b", "Fail", "In Progress", NOON, "runb")
FAILED_AGAIN = Move("b", "In Progress", "Fail", NOON, "runb")


def at(minute: int) -> datetime:
    return NOON + timedelta(minutes=minute)


def alerted(name: str, minute: int, version: str = "") -> Sent:
    return Sent(f"run{name}", at(minute), f"t failed\nFile\ns3://landing/t/{name} (version {version or f'v{name}'})")


def warned(name: str, minute: int) -> Sent:
    return Sent(f"run{name}", at(minute), f"t: t/{name} loaded with 1 rejected row")


def done_file(name: str, minute: int, rows: int, bad: int = 0, table: str = "lake.t") -> FileRow:
    return FileRow(
        name, "t", f"t/{name}", f"v{name}", "Done", at(minute), f"run{name}", table, rows + bad, rows, bad,
        at(minute + 1), f"t/kept/{name}",
    )  # fmt: skip


def loaded(token: str, minute: int, until: datetime | None = None) -> LoadedRow:
    return LoadedRow(token, KEYS.get(token, "0"), at(minute), until)


def rejected(name: str, line: int, text: str | None) -> Rejected:
    return Rejected(name, f"run{name}", line, text, "id", (text or "").split(",")[0], "Invalid digit")


def way(name: str, minute: int, *statuses: str) -> list[Move]:
    steps = [None, *statuses]
    return [
        Move(name, was, to, at(minute) + timedelta(seconds=number), f"run{name}")
        for number, (was, to) in enumerate(zip(steps, statuses, strict=False))
    ]


def history(mode: str = "append") -> History:
    """Return a history in which all is well: two Done files, one with a rejected row, and one of no type."""
    a, b = done_file("a", 0, 2, bad=1), done_file("b", 5, 2)
    crew = FileRow("c", None, "crew/c", "vc", "Rejected", at(9), status_reason="no file type takes folder crew/")
    kept = {"append": ["a1", "a2", "b1", "b2"], "truncate": ["b1", "b2"], "replace": ["b1", "b2"]}
    kept["merge"] = kept["slice"] = ["a1", "b1", "b2"]
    kept["history"], ends = kept["append"], {"a2": at(5)} if mode == "history" else {}
    minutes = {"a": 1, "b": 6}
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
        rejected=[rejected("a", *BAD[0])],
        tables={"lake.t": [loaded(token, minutes[token[0]], ends.get(token)) for token in kept[mode]]}
        | ({f"lake.t{KEPT}": [loaded("a2", 1)]} if mode == "slice" else {}),
        landing=frozenset({("crew/c", "vc")}),
        archive={"t/kept/a": "da", "t/kept/b": "db"},
        alerts=[warned("a", 2)],
    )  # fmt: skip


def unknown_line(of: History) -> History:
    """Return the history of a warehouse that does not know the line of the rejected row."""
    rows = [replace(each, line_number=-1, raw_line=None, raw_value=None) for each in of.rejected]
    return replace(of, rejected=rows, are_lines_unknown=True)


def with_file(of: History, name: str, **changes: object) -> History:
    files = [replace(each, **changes) if each.file_id == name else each for each in of.files]  # type: ignore[arg-type]
    return replace(of, files=files)


def with_rows(of: History, *rows: tuple[str, int], without: str = "") -> History:
    kept = [row for row in of.tables["lake.t"] if row.token != without]
    return replace(of, tables={"lake.t": kept + [loaded(token, minute) for token, minute in rows]})


def failed(of: History) -> History:
    """Return the history with file b failed before anything was loaded."""
    of = with_file(of, "b", status="Fail", loaded_at=None, table_name=None, archive_key=None, status_reason="killed")
    log = [each for each in of.log if each.file_id != "b"] + way("b", 5, "New", "In Progress", "Fail")
    of = replace(of, log=log, landing=of.landing | {("t/b", "vb")}, archive={"t/kept/a": "da"})
    rows = {"lake.t": [row for row in of.tables["lake.t"] if row.token[0] != "b"]}
    return replace(of, tables=rows, alerts=[*of.alerts, alerted("b", 6)])


def cleared(of: History, *alerts: Sent) -> History:
    """Return the history with file b failed twice in its run, which somebody cleared in between."""
    of = failed(of)
    again = [replace(each, moved_at=at(minute)) for minute, each in ((7, RETRIED), (9, FAILED_AGAIN))]
    return replace(of, log=[*of.log, *again], alerts=[*of.alerts, *alerts], commands=frozenset({"clear"}))


def filtered(of: History, minute: int) -> History:
    """Return the history of a type that takes the newest, with file b filtered out, which landed at that minute."""
    of = with_file(failed(of), "b", status="Filtered Out", landed_at=at(minute))
    log = [each for each in of.log if each.file_id != "b"] + way("b", 5, "New", "Filtered Out")
    return replace(of, log=log, targets=[replace(of.targets[0], select="newest")])


def replayed(of: History) -> History:
    log = [*of.log, *way("a", 2, "New", "In Progress", "Done")[1:], Move("a", "Done", "New", at(2))]
    return replace(of, log=log, commands=frozenset({"replay"}))


def undone(of: History) -> History:
    """Return the history with file b taken out of its table again."""
    of = with_file(of, "b", status="Fail", loaded_at=None, table_name=None, status_reason="undone: 2 rows deleted")
    rows = {"lake.t": [row for row in of.tables["lake.t"] if row.token[0] != "b"]}
    return replace(of, log=[*of.log, Move("b", "Done", "Fail", at(8))], tables=rows, commands=frozenset({"undo"}))


@pytest.mark.parametrize("mode", ["append", "truncate", "replace", "merge", "slice", "history"])
def test_history_in_which_all_is_well_shows_nothing(mode: str) -> None:
    assert violations(history(mode)) == []


@pytest.mark.parametrize(
    "change",
    [failed, replayed, undone, lambda of: filtered(of, -1), unknown_line, lambda of: cleared(of, alerted("b", 10))],
)
def test_failed_replayed_undone_and_filtered_files_are_not_violations(change: Callable[[History], History]) -> None:
    assert violations(change(history())) == []


def test_each_file_has_its_own_table_in_new_table() -> None:
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
    ("move illegal", lambda: replace(replayed(history()), commands=frozenset())),
    ("move illegal", lambda: replace(undone(history()), commands=frozenset({"replay"}))),
    ("move missing", lambda: replace(history(), log=[each for each in history().log if each.file_id != "b"])),
    ("move missing", lambda: replace(history(), log=[
        each for each in history().log if each.to_status != "In Progress"])),
    ("move missing", lambda: with_file(history(), "b", status="Fail")),
    ("move missing", lambda: replace(history(), log=[*history().log, history().log[0]])),
    ("move of nothing", lambda: replace(history(), log=[*history().log, *way("z", 0, "New")])),
    ("status unknown", lambda: with_file(history(), "b", status="Finished")),
    ("reason missing", lambda: with_file(failed(history()), "b", status_reason=None)),
    ("reason missing", lambda: with_file(history(), "c", status_reason="")),
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
    ("false Done", lambda: replace(with_file(history(), "b", table_name="lake.u"), tables={
        "lake.t": history().tables["lake.t"][:2], "lake.u": history().tables["lake.t"][2:]})),
    ("row lost", lambda: with_rows(history(), without="b1")),
    ("row lost", lambda: with_rows(history("truncate"), without="b1")),
    ("row lost", lambda: with_rows(history("merge"), without="a1")),
    ("row lost", lambda: replace(history("slice"), tables={"lake.t": history("slice").tables["lake.t"]})),
    ("row doubled", lambda: with_rows(history(), ("b1", 6))),
    ("row doubled", lambda: with_rows(history("merge"), ("b1", 6))),
    ("row of a file that is not Done", lambda: with_rows(failed(history()), ("b1", 6))),
    ("row of nobody", lambda: with_rows(history(), ("z1", 6))),
    ("row outlived", lambda: with_rows(history("truncate"), ("a1", 1))),
    ("row outlived", lambda: with_rows(history("merge"), ("a2", 1))),
    ("row changed", lambda: replace(history(), tables={"lake.t": [
        replace(row, key=KEYS["b1"]) if row.token == "b2" else row for row in history().tables["lake.t"]]})),
    ("version wrong", lambda: replace(history("history"), tables={"lake.t": [
        replace(row, until=None) for row in history("history").tables["lake.t"]]})),
    ("version wrong", lambda: replace(history("history"), targets=[
        replace(history("history").targets[0], is_snapshot=True)])),
    ("version wrong", lambda: replace(history("history"), drops=[
        replace(each, deleted=("1",) if each.key == "t/b" else ()) for each in history("history").drops])),
    ("row outlived", lambda: replace(history("merge"), drops=[
        replace(each, deleted=("1",)) for each in history("merge").drops])),
    ("row outlived", lambda: replace(history("merge"), targets=[
        replace(history("merge").targets[0], is_snapshot=True)])),
    ("lineage wrong", lambda: with_rows(history(), ("b1", 7), without="b1")),
    ("reject lost", lambda: replace(history(), rejected=[])),
    ("reject lost", lambda: replace(
        with_file(failed(history()), "b", status_reason="copy_to_table: 1 of 3 rows was rejected"),
        drops=[replace(each, bad_lines=BAD) if each.key == "t/b" else each for each in history().drops])),
    ("reject incomplete", lambda: replace(history(), rejected=[replace(history().rejected[0], raw_value=None)])),
    ("reject incomplete", lambda: replace(history(), rejected=[replace(history().rejected[0], raw_value="another")])),
    ("reject incomplete", lambda: replace(history(), rejected=[replace(history().rejected[0], error_reason="")])),
    ("reject incomplete", lambda: replace(history(), rejected=[replace(history().rejected[0], column_name=None)])),
    ("reject doubled", lambda: replace(history(), rejected=[*history().rejected, *history().rejected])),
    ("reject unknown", lambda: replace(history(), rejected=[*history().rejected, rejected("b", 2, "b1,2")])),
    ("reject unknown", lambda: replace(history(), rejected=[rejected("a", 3, "x,b")])),
    ("reject unknown", lambda: replace(history(), rejected=[*history().rejected, rejected("z", 2, "")])),
    ("reject unknown", lambda: replace(unknown_line(history()), are_lines_unknown=False)),
    ("reject unknown", lambda: replace(unknown_line(history()), rejected=[*unknown_line(history()).rejected] * 2)),
    ("reject lost", lambda: replace(unknown_line(history()), rejected=[])),
    ("reject incomplete", lambda: replace(unknown_line(history()), rejected=[
        replace(unknown_line(history()).rejected[0], error_reason="")])),
    ("object lost", lambda: replace(history(), archive={"t/kept/a": "da"})),
    ("object lost", lambda: replace(history(), landing=frozenset())),
    ("object left", lambda: replace(history(), landing=history().landing | {("t/b", "vb")})),
    ("object damaged", lambda: replace(history(), archive={"t/kept/a": "da", "t/kept/b": "da"})),
    ("archive unknown", lambda: replace(history(), archive={**history().archive, "t/kept/z": "dz"})),
    ("filtered wrongly", lambda: filtered(history(), 30)),
    ("filtered wrongly", lambda: replace(filtered(history(), -1), targets=history().targets)),
    ("move illegal", lambda: replace(cleared(history(), alerted("b", 10)), commands=frozenset())),
    ("alert missing", lambda: replace(failed(history()), alerts=[])),
    ("alert missing", lambda: replace(failed(history()), alerts=[alerted("a", 6)])),
    ("alert missing", lambda: replace(failed(history()), alerts=[alerted("b", 6, "vz")])),
    ("alert missing", lambda: cleared(history())),
    ("alert doubled", lambda: replace(failed(history()), alerts=[alerted("b", 6)] * 2)),
    ("alert doubled", lambda: replace(failed(history()), alerts=[alerted("b", 6)] * 3, repeated_alerts={"runb": 1})),
    ("alert doubled", lambda: replace(history(), alerts=[warned("a", 2)] * 2)),
    ("green over Fail", lambda: replace(failed(history()), green=frozenset({"runb"}))),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "seeded"), SEEDED, ids=[f"{kind}-{n}" for n, (kind, _) in enumerate(SEEDED)])
def test_seeded_violation_is_caught(kind: str, seeded: Callable[[], History]) -> None:
    assert kind in {each.kind for each in violations(seeded())}


def test_alert_cut_off_before_it_was_noted_may_come_again() -> None:
    assert violations(replace(failed(history()), alerts=[alerted("b", 6)] * 2, repeated_alerts={"runb": 1})) == []


def test_every_kind_of_violation_is_seeded() -> None:
    """A check that nothing was ever seeded for may be blind."""
    known = set(re.findall(r'Violation\(\s*"([^"]+)"', getsource(checker)))
    assert known == {kind for kind, _ in SEEDED}
