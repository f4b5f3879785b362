"""Claim files for a run: New files, and those that the run failed on if it was cleared.

To clear a task or a run in Airflow means "try again".  A file is tried again only where that can lose nothing and load
nothing twice; for every other file a claim explains what became of it and what to do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from psycopg2.extensions import cursor

from lakeport.errors import StepRefused
from lakeport.mng import file_records
from lakeport.model import RegisteredFile, Status, TaskRun
from lakeport.redshift.rows import fetch_rows, from_row
from lakeport.redshift.sql_files import statement
from lakeport.schema.table import Table
from lakeport.settings import planned_command

_CLEARED = "tried again: its run was cleared"
_COLUMNS = ("status_reason", "status_at", "dag_id", "run_id", "loaded_at")


@dataclass(frozen=True)
class Standing:
    """The current state of a file, and the run that moved it last."""

    file: RegisteredFile
    status: Status
    status_reason: str | None
    status_at: datetime
    dag_id: str | None
    run_id: str | None
    loaded_at: datetime | None

    def is_of(self, by: TaskRun) -> bool:
        """Return whether this run moved the file last."""
        return (self.dag_id, self.run_id) == (by.dag_id, by.run_id)

    def is_to_retry(self, by: TaskRun, cleared_at: datetime | None) -> bool:
        """Return whether the run failed on the file before it was cleared."""
        return bool(self.status == Status.FAIL and self.is_of(by) and cleared_at and self.status_at < cleared_at)


@dataclass(frozen=True)
class Claim:
    """The files that a run may work on, those that are loaded already, and why it may not work on the others."""

    taken: Sequence[RegisteredFile] = ()
    loaded: Sequence[RegisteredFile] = ()
    notes: Mapping[str, str] = field(default_factory=dict)
    """What became of each other file, by its id."""

    def check(self) -> None:
        """Raise StepRefused if no file is left for the run to work on or to finish."""
        if not self.taken and not self.loaded:
            raise StepRefused("\n".join(self.notes.values()))


def standings(current: cursor, file_ids: Sequence[str]) -> list[Standing]:
    """Return the current state of the files, in the order they landed."""
    current.execute(statement("mng/standing_of_files"), {"file_ids": tuple(file_ids)})
    return [
        Standing(from_row(RegisteredFile, row), Status(row["status"]), **{name: row[name] for name in _COLUMNS})
        for row in fetch_rows(current)
    ]


def claim(
    current: cursor,
    file_ids: Sequence[str],
    by: TaskRun,
    *,
    table: Table | None = None,
    cleared_at: datetime | None = None,
) -> Claim:
    """Take New files into the run, and those that it failed on before it was cleared at `cleared_at`.

    A file that failed is not taken if the table's mode would let its rows replace those of a file that landed later.
    Safe to repeat: files that are In Progress in this run stay so.  Of two claims at the same time only one can commit,
    since both write the files' rows.
    """
    found = standings(current, file_ids)
    notes = {file_id: f"file {file_id} is not registered in mng.files" for file_id in file_ids}
    new, again = list[str](), list[str]()
    taken, loaded = list[RegisteredFile](), list[RegisteredFile]()
    for each in found:
        notes.pop(each.file.file_id)
        note = _overtaken(current, each, table) if each.is_to_retry(by, cleared_at) else _note(each, by)
        if each.loaded_at and (each.status == Status.DONE or each.is_of(by)):
            loaded.append(each.file)
        elif note:
            notes[each.file.file_id] = f"{each.file.key} {note}"
        else:
            taken.append(each.file)
            (again if each.status == Status.FAIL else new).append(each.file.file_id)
    file_records.move(current, new, by, from_=[Status.NEW], to=Status.IN_PROGRESS)
    file_records.move(current, again, by, from_=[Status.FAIL], to=Status.IN_PROGRESS, reason=_CLEARED)
    return Claim(taken, loaded, notes)


def check_files_of_run(current: cursor, by: TaskRun) -> list[str]:
    """Return the keys of the files that the run has loaded or that others have loaded since.

    Raises StepRefused if any of the files that it ever had is not loaded: it must not end as if all were well.
    """
    current.execute(statement("mng/files_of_run"), {"run_id": by.run_id})
    file_ids = [row["file_id"] for row in fetch_rows(current)]
    found = standings(current, file_ids) if file_ids else []
    notes = [f"{each.file.key} {note}" for each in found if each.status != Status.DONE and (note := _note(each, by))]
    if notes:
        raise StepRefused("\n".join(notes))
    return [each.file.key for each in found]


def newer_load(current: cursor, file_id: str, by: TaskRun, table_name: str) -> str | None:
    """Return the key of a loaded file of the same type that landed after this one, whose rows it must not replace.

    A file may be registered after newer ones: S3 delivers events in any order, late, or never.  Or it is replayed while
    a newer one is being loaded.  None for a file whose replay lets it replace newer rows.
    """
    values = {"file_id": file_id, "dag_id": by.dag_id, "run_id": by.run_id, "table_name": table_name}
    current.execute(statement("mng/newer_load"), values)
    rows = fetch_rows(current)
    return str(rows[0]["key"]) if rows else None


def filter_out(current: cursor, file_ids: Sequence[str], by: TaskRun, reason: str) -> None:
    """Set those of the files to Filtered Out that are New or that this run failed on."""
    found = standings(current, file_ids)
    own = [each.file.file_id for each in found if each.status == Status.FAIL and each.is_of(by)]
    file_records.move(current, own, by, from_=[Status.FAIL], to=Status.FILTERED_OUT, reason=reason)
    file_records.move(current, file_ids, by, from_=[Status.NEW], to=Status.FILTERED_OUT, reason=reason)


def _note(each: Standing, by: TaskRun) -> str | None:
    """Return why the run cannot take the file and what to do, or None if it can."""
    run, at, replay = f"run {each.run_id} of {each.dag_id}", f"{each.status_at:%Y-%m-%d %H:%M:%S} UTC", _replay(each)
    match each.status:
        case Status.NEW:
            return None
        case Status.IN_PROGRESS:
            return None if each.is_of(by) else f"is being loaded by {run}; wait until that run has ended"
        case Status.FAIL if each.is_of(by):
            return f"failed in this run at {at}: {each.status_reason}; clear the run again once it has ended"
        case Status.FAIL if not each.run_id:
            return f"was undone at {at} ({each.status_reason}), so it is not loaded again; to load it, run {replay}"
        case Status.FAIL:
            failed = f"failed at {at} in {run}, the last run that took it: {each.status_reason}"
            return f"{failed}; clear that run, or run {replay}"
        case _:
            return f"has been {each.status} since {at}: {each.status_reason}; to load it anyway, run {replay}"


def _overtaken(current: cursor, each: Standing, table: Table | None) -> str | None:
    """Return why the file's rows would replace newer ones, or None."""
    if table is None or not table.is_ordered:
        return None
    file = each.file
    values = {"table_name": table.name, "landed_at": file.landed_at, "file_id": file.file_id}
    current.execute(statement("mng/loads_landed_later"), values)
    rows = fetch_rows(current)
    if not rows:
        return None
    remedy = f"to replace them anyway, run {_replay(each, ' --older')}"
    return f"is not loaded again: its rows would replace those of {rows[-1]['key']}, which landed later; {remedy}"


def _replay(each: Standing, options: str = "") -> str:
    return planned_command(f"replay {each.file.file_id[:12]}{options}")
