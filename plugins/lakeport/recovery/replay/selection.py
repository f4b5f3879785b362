"""Select the files to replay or undo."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg2.extensions import cursor

from lakeport import settings
from lakeport.errors import SelectionError
from lakeport.model import RegisteredFile, Status
from lakeport.redshift.rows import fetch_rows, from_row
from lakeport.redshift.sql_files import statement

_ID = re.compile(r"[0-9a-f]{6,64}")
_MATCHES_SHOWN = 5


@dataclass(frozen=True)
class SelectedFile:
    """A file with its status and its load."""

    file: RegisteredFile
    file_type: str | None
    status: Status
    table_name: str | None
    rows_loaded: int | None
    loaded_at: datetime | None
    rows_replaced: int | None = None
    """How many rows its load replaced and kept; None if its table did not keep them."""

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> SelectedFile:
        """Read a row of `mng/choose_files` or `mng/loaded_together`."""
        names = ("file_type", "table_name", "rows_loaded", "loaded_at", "rows_replaced")
        values = {name: row[name] for name in names}
        return cls(from_row(RegisteredFile, row), status=Status(row["status"]), **values)


@dataclass(frozen=True)
class Selection:
    """The files to select: names are keys, s3:// addresses, file ids, or the first six or more characters of an id."""

    names: Sequence[str] = ()
    file_type: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    statuses: Sequence[Status] = ()


def select_files(current: cursor, selection: Selection) -> list[SelectedFile]:
    """Return the selected files in the order they landed.

    Raises SelectionError if a name matches no file, or several.
    """
    if not selection.names:
        return _matches(current, selection, None)
    found = {each.file.file_id: each for name in selection.names for each in [_only_match(current, selection, name)]}
    return sorted(found.values(), key=lambda each: (each.file.landed_at, each.file.key, each.file.file_id))


def values_of_name(name: str | None) -> dict[str, Any]:
    """Return the values by which a statement finds a file by its key, its address, its id, or the start of its id."""
    return {"name": name, "prefix": f"{name}%" if name and _ID.fullmatch(name) else ""}


def _only_match(current: cursor, selection: Selection, name: str) -> SelectedFile:
    found = _matches(current, selection, name)
    if not found:
        raise SelectionError(f"no file matches {name!r}; {settings.command('status')} shows file ids and keys")
    if len(found) > 1:
        listed = "; ".join(f"{each.file.file_id}{_where(each)}" for each in found[:_MATCHES_SHOWN])
        raise SelectionError(f"{len(found)} files match {name!r}; select one by its id: {listed}")
    return found[0]


def _where(each: SelectedFile) -> str:
    bucket = f" in bucket {each.file.bucket}" if settings.is_further_landing(each.file.bucket) else ""
    return f"{bucket}, landed {each.file.landed_at}"


def _matches(current: cursor, selection: Selection, name: str | None) -> list[SelectedFile]:
    values = values_of_name(name) | {"file_type": selection.file_type}
    values |= {"since": selection.since, "until": selection.until, "statuses": tuple(selection.statuses or Status)}
    current.execute(statement("mng/choose_files"), values)
    return [SelectedFile.from_row(row) for row in fetch_rows(current)]
