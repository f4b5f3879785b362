"""Return what a history shows that must never happen: a pure function, which tests give invented histories.

It checks the promises and uses none of the code that keeps them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import pairwise

from tests.torture.expected import KEPT, expected
from tests.torture.history import Drop, FileRow, History, LoadedRow, Move, Sent, Target

LEGAL_MOVES = {
    (None, "New"),
    (None, "Rejected"),
    ("New", "In Progress"),
    ("New", "Filtered Out"),
    ("New", "Fail"),
    ("In Progress", "Done"),
    ("In Progress", "Fail"),
}
LEGAL_MOVES_BY_COMMAND = {
    "replay": {("Done", "New"), ("Fail", "New"), ("Filtered Out", "New"), ("Rejected", "New")},
    "undo": {("Done", "Fail"), ("Done", "New")},  # New is what one COPY loaded with a file that is undone
    "clear": {("Fail", "In Progress"), ("Fail", "Filtered Out")},
}
AT_REST = {"Done", "Fail", "Filtered Out", "Rejected"}
STATUSES = AT_REST | {"New", "In Progress"}
WARNED = "loaded with"
"""Part of the title of an alert of rejected rows."""
REJECTED = re.compile(r"rows? (was|were) rejected")
"""Part of the reason of a file that failed for its bad rows."""


@dataclass(frozen=True)
class Violation:
    """One thing that must never be: its kind, what it was found on, and the facts."""

    kind: str
    where: str
    facts: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.where}: {self.facts}"


def violations(history: History) -> list[Violation]:
    """Return everything in the history that must not be; empty where all promises held."""
    found = _Checked(history)
    return [violation for check in _CHECKS for violation in check(found)]


class _Checked:
    """A history with its parts brought together."""

    def __init__(self, history: History) -> None:
        self.history = history
        self.targets = {target.name: target for target in history.targets}
        self.drops = {(drop.key, drop.version_id): drop for drop in history.drops}

    @cached_property
    def registered(self) -> list[tuple[Drop, FileRow]]:
        pairs = ((self.drops.get((file.key, file.version_id)), file) for file in self.history.files)
        return [(drop, file) for drop, file in pairs if drop]

    @cached_property
    def owners(self) -> dict[str, FileRow]:
        return {token: file for drop, file in self.registered for token, _ in drop.rows}

    @cached_property
    def unregistered(self) -> list[Drop]:
        known = {(file.key, file.version_id) for file in self.history.files}
        return [drop for place, drop in self.drops.items() if place not in known]

    @cached_property
    def legal_moves(self) -> set[tuple[str | None, str]]:
        return LEGAL_MOVES.union(*(LEGAL_MOVES_BY_COMMAND[command] for command in self.history.commands))

    @cached_property
    def keys(self) -> dict[str, str]:
        return dict(row for drop, _ in self.registered for row in drop.rows)

    @cached_property
    def expected(self) -> dict[str, dict[str, datetime | None]]:
        loaded = [each for each in self.registered if each[1].status == "Done" and each[1].loaded_at]
        return expected((drop, file, self.target(file)) for drop, file in loaded)

    @cached_property
    def moves(self) -> dict[str, list[Move]]:
        moves: dict[str, list[Move]] = {file.file_id: [] for file in self.history.files}
        for move in sorted(self.history.log, key=lambda each: each.moved_at):
            moves.setdefault(move.file_id, []).append(move)
        return moves

    def naming(self, file: FileRow, run_id: str) -> list[Sent]:
        """Return the alerts of the run that name the file as one that failed."""
        name = re.compile(rf"{re.escape(file.key)} \(version {re.escape(file.version_id)}\)(?!, loaded)")
        return [sent for sent in self.history.alerts if sent.run_id == run_id and name.search(sent.text)]

    def target(self, file: FileRow) -> Target | None:
        return self.targets.get(file.file_type or "")

    def describe(self, file: FileRow) -> str:
        drop = self.drops.get((file.key, file.version_id))
        return f"{file.key} {file.version_id} ({file.status}{'; ' + drop.note if drop and drop.note else ''})"


def registered_once(found: _Checked) -> Iterator[Violation]:
    """Check that mng.files has one row for each object version, and none for anything else."""
    counts = Counter((file.key, file.version_id) for file in found.history.files)
    ids = Counter(file.file_id for file in found.history.files)
    for place, drop in found.drops.items():
        where = f"{drop.key} {drop.version_id} ({drop.note})"
        if counts[place] == 0:
            yield Violation("registration missing", where, "mng.files has no row of it")
        if counts[place] > 1:
            yield Violation("registration doubled", where, f"{counts[place]} rows in mng.files")
    for place in counts.keys() - found.drops.keys():
        yield Violation("registration of nothing", " ".join(place), "this version was never dropped")
    for file_id, count in ids.items():
        if count > 1:
            yield Violation("registration doubled", file_id, f"{count} rows in mng.files have this id")
    for drop, file in found.registered:
        if (drop.file_type is None) != (file.status == "Rejected") or drop.file_type != file.file_type:
            yield Violation("registration wrong", found.describe(file), f"{file.file_type}, not {drop.file_type}")


def statuses_legal(found: _Checked) -> Iterator[Violation]:
    """Check that each status follows from the log's moves, every one of them legal, without a gap."""
    for file in found.history.files:
        moves = found.moves[file.file_id]
        if file.status not in STATUSES:
            yield Violation("status unknown", found.describe(file), file.status)
        if file.status in ("Fail", "Filtered Out", "Rejected") and not file.status_reason:
            yield Violation("reason missing", found.describe(file), "no reason is recorded")
        if not moves:
            yield Violation("move missing", found.describe(file), "mng.status_log has nothing of it")
            continue
        for move in moves:
            if (move.from_status, move.to_status) not in found.legal_moves:
                yield Violation("move illegal", found.describe(file), f"{move.from_status} -> {move.to_status}")
        steps: list[tuple[str | None, str | None]] = [(None, moves[0].from_status)]
        steps += [(earlier.to_status, later.from_status) for earlier, later in pairwise(moves)]
        steps += [(moves[-1].to_status, file.status)]
        for was, began in steps:
            if was != began:
                yield Violation(
                    "move missing", found.describe(file), f"the log ends with {was}, the next move begins with {began}"
                )
    for file_id in found.moves.keys() - {file.file_id for file in found.history.files}:
        yield Violation("move of nothing", file_id, "mng.status_log has a file that mng.files does not have")


def quiet(found: _Checked) -> Iterator[Violation]:
    """Check that nothing waits for ever."""
    for file in found.history.files:
        if file.status not in AT_REST:
            yield Violation("not at rest", found.describe(file), f"run {file.run_id}: {file.status_reason}")


def done_is_true(found: _Checked) -> Iterator[Violation]:
    """Check each Done file's own figures against what is known to be in it."""
    for drop, file in found.registered:
        if file.status != "Done":
            continue
        recorded = (file.rows_in_file, file.rows_loaded, file.rows_rejected)
        rows_in_file = len(drop.rows) + len(drop.bad_lines) + len(drop.deleted)
        true = (rows_in_file, len(drop.rows), len(drop.bad_lines))
        if recorded != true:
            facts = f"rows in file, loaded, rejected are {recorded}, should be {true}"
            yield Violation("false Done", found.describe(file), facts)
        if file.loaded_at is None:
            yield Violation("false Done", found.describe(file), "it has no load")
        target = found.target(file)
        if target and not _is_table_of(target, file.table_name or ""):
            yield Violation("false Done", found.describe(file), f"mng.files has it as loaded into {file.table_name}")
        if target and len(drop.bad_lines) > target.max_rejected:
            yield Violation(
                "false Done", found.describe(file), f"more rejected rows than the {target.max_rejected} allowed"
            )


def rows_exactly_once(found: _Checked) -> Iterator[Violation]:
    """Check every table row by row against what the loads of its Done files must have left there."""
    expected = found.expected
    kept = {
        f"{each.table}{KEPT}" for each in found.history.targets if each.mode == "history"
    }  # versions before they end
    for table in sorted((expected.keys() | found.history.tables.keys()) - kept):
        rows = found.history.tables.get(table, ())
        counts = Counter(row.token for row in rows)
        for token in sorted(expected.get(table, {}).keys() - counts.keys()):
            yield Violation("row lost", found.describe(found.owners[token]), f"row {token} is not in {table}")
        for token, count in sorted(counts.items()):
            owner = found.owners.get(token)
            if count > 1:
                yield Violation(
                    "row doubled", found.describe(owner) if owner else table, f"{count} times {token} in {table}"
                )
            if token not in expected.get(table, {}):
                yield _unexpected(found, owner, token, table)
        for row in rows:
            yield from _wrong_row(found, row, table)
            if row.until != expected.get(table, {}).get(row.token, row.until):
                true = expected[table][row.token]
                yield Violation("version wrong", table, f"row {row.token} ends {row.until}, should end {true}")


def rejected_once(found: _Checked) -> Iterator[Violation]:
    """Check that each run that read a file recorded each bad line once, with all its columns, and no other."""
    entries: dict[tuple[str, str], list[tuple[int, str | None]]] = {}
    for row in found.history.rejected:
        entries.setdefault((row.file_id, row.run_id), []).append((row.line_number, row.raw_line))
        has_value = row.raw_value and row.raw_value in (row.raw_line or "")
        has_value = has_value or _is_unknown(found, row.line_number, row.raw_line)
        if not (row.column_name and row.error_reason and has_value):
            yield Violation("reject incomplete", row.file_id, f"run {row.run_id}: {row}")
    for drop, file in found.registered:
        runs = {run: lines for (file_id, run), lines in entries.items() if file_id == file.file_id}
        if file.run_id and (file.status == "Done" or REJECTED.search(file.status_reason or "")):
            runs.setdefault(file.run_id, [])
        for run, lines in runs.items():
            known = [line for line in lines if not _is_unknown(found, *line)]
            counts, true = Counter(known), set(drop.bad_lines)
            for line, count in sorted(counts.items()):
                if line not in true:
                    yield Violation("reject unknown", found.describe(file), f"run {run}: line {line[0]}: {line[1]!r}")
                elif count > 1:
                    yield Violation("reject doubled", found.describe(file), f"run {run}: line {line[0]} {count} times")
            missing, unknown = sorted(true - counts.keys()), len(lines) - len(known)
            if unknown > len(missing):
                yield Violation("reject unknown", found.describe(file), f"run {run}: {unknown} rows without a line")
            for number, _ in missing[unknown:]:
                what = f"run {run}: line {number} is not in mng.load_errors"
                yield Violation("reject lost", found.describe(file), what)
    for file_id in {row.file_id for row in found.history.rejected} - {file.file_id for file in found.history.files}:
        yield Violation("reject unknown", file_id, "mng.load_errors has a file that mng.files does not have")


def nothing_lost(found: _Checked) -> Iterator[Violation]:
    """Check that every object is in landing or, byte by byte, in the archive; a Done one is in the archive."""
    archived = {file.archive_key: file for file in found.history.files if file.archive_key}
    for drop, file in found.registered:
        kept = found.history.archive.get(file.archive_key or "")
        if kept not in (None, drop.digest):
            yield Violation("object damaged", found.describe(file), f"{file.archive_key} is not what landed")
        if (drop.key, drop.version_id) not in found.history.landing and kept is None:
            yield Violation("object lost", found.describe(file), "it is neither in landing nor in the archive")
        if file.status == "Done" and kept is None:
            yield Violation("false Done", found.describe(file), "it is not in the archive")
        if file.status == "Done" and (drop.key, drop.version_id) in found.history.landing:
            yield Violation("object left", found.describe(file), "it is in the archive, and in landing still")
    for drop in found.unregistered:
        if (drop.key, drop.version_id) not in found.history.landing:
            yield Violation("object lost", f"{drop.key} {drop.version_id}", "never registered, and not in landing")
    for key in sorted(found.history.archive.keys() - archived.keys()):
        yield Violation("archive unknown", key, "no row of mng.files refers to it")


def filtered_for_a_reason(found: _Checked) -> Iterator[Violation]:
    """Check that a file is Filtered Out only where newest is taken and there is another that was."""
    for _, file in found.registered:
        if file.status != "Filtered Out":
            continue
        target = found.target(file)
        others = [each for each in found.history.files if each.file_type == file.file_type and each is not file]
        if not target or target.select != "newest":
            yield Violation("filtered wrongly", found.describe(file), "its type takes all files")
        elif not any((each.landed_at, each.key) >= (file.landed_at, file.key) for each in others):
            yield Violation("filtered wrongly", found.describe(file), "no file of its type is newer")


def alerted_of_each_failure(found: _Checked) -> Iterator[Violation]:
    """Check that an alert names each file that a run has set to Fail, after each time it did.

    Between the channel's answer and the note of it any process can die, and the alert comes again: only as many
    repetitions as such cuts are allowed.
    """
    for file in found.history.files:
        fails = Counter[str]()
        for move in found.moves[file.file_id]:
            if move.to_status != "Fail" or not move.run_id:
                continue
            fails[move.run_id] += 1
            if not any(sent.at >= move.moved_at for sent in found.naming(file, move.run_id)):
                yield Violation(
                    "alert missing", found.describe(file), f"it failed in {move.run_id}, and no alert names it"
                )
        for run, count in fails.items():
            sent = len(found.naming(file, run))
            if sent > count + found.history.repeated_alerts.get(run, 0):
                yield Violation(
                    "alert doubled", found.describe(file), f"sent {sent} times for {count} failures in {run}"
                )


def warned_once(found: _Checked) -> Iterator[Violation]:
    """Check that no load has two warnings."""
    loads = Counter[tuple[str, str]]()
    for _, file in found.registered:
        loads.update((move.run_id or "", file.key) for move in found.moves[file.file_id] if move.to_status == "Done")
    for (run, key), count in loads.items():
        sent = [
            each for each in found.history.alerts if each.run_id == run and WARNED in each.text and key in each.text
        ]
        if len(sent) > count + found.history.repeated_alerts.get(run, 0):
            yield Violation("alert doubled", f"{run} {key}", f"warned {len(sent)} times of {count} loads")


def green_is_true(found: _Checked) -> Iterator[Violation]:
    """Check that no run ended well while a file that it failed on is Fail."""
    for file in found.history.files:
        if file.status == "Fail" and file.run_id in found.history.green:
            yield Violation("green over Fail", found.describe(file), f"run {file.run_id} ended well")


def _is_unknown(found: _Checked, line_number: int, raw_line: str | None) -> bool:
    return found.history.are_lines_unknown and line_number == -1 and raw_line is None


def _unexpected(found: _Checked, owner: FileRow | None, token: str, table: str) -> Violation:
    if owner is None:
        return Violation("row of nobody", table, f"row {token} is in no file that is registered")
    if owner.status != "Done":
        return Violation("row of a file that is not Done", found.describe(owner), f"row {token} is in {table}")
    return Violation("row outlived", found.describe(owner), f"row {token} is in {table}, where it must not be")


def _is_table_of(target: Target, name: str) -> bool:
    """Return whether the type's rows may be in the table: with `new_table` it is named after the type's."""
    return name.startswith(f"{target.table}_") if target.mode == "new_table" else name == target.table


def _wrong_row(found: _Checked, row: LoadedRow, table: str) -> Iterator[Violation]:
    owner = found.owners.get(row.token)
    if owner and row.key != found.keys[row.token]:
        facts = f"row {row.token} of {table} has k {row.key}, the file {found.keys[row.token]}"
        yield Violation("row changed", found.describe(owner), facts)
    if owner and owner.status == "Done" and row.loaded_at != owner.loaded_at:
        facts = f"row {row.token} of {table} has _loaded_at {row.loaded_at}, mng.files {owner.loaded_at}"
        yield Violation("lineage wrong", found.describe(owner), facts)


_CHECKS: tuple[Callable[[_Checked], Iterator[Violation]], ...] = (
    registered_once,
    statuses_legal,
    quiet,
    done_is_true,
    rows_exactly_once,
    rejected_once,
    nothing_lost,
    filtered_for_a_reason,
    alerted_of_each_failure,
    warned_once,
    green_is_true,
)
