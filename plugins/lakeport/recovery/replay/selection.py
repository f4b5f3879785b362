"""Which files a replay or an undo is about."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg2.extensions import cursor

from lakeport.errors import NotChosen
from lakeport.model import RegisteredFile, Status
from lakeport.redshift.statements import statement

_ID = re.compile(r"[0-9a-f]{6,64}")


@dataclass(frozen=True)
class Chosen:
    """A file with its status and its load."""

    file: RegisteredFile
    file_type: str | None
    status: str
    table_name: str | None
    rows_loaded: int | None
    loaded_at: datetime | None

    @classmethod
    def of_row(cls, row: Sequence[Any]) -> Chosen:
        """Read a row of `mng/choose_files` or `mng/loaded_together`."""
        return cls(RegisteredFile(*row[:10]), *row[10:])


@dataclass(frozen=True)
class Choice:
    """What was asked for: names are file ids, their first six characters or more, or keys."""

    names: Sequence[str] = ()
    file_type: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    statuses: Sequence[Status] = ()


def chosen_files(current: cursor, choice: Choice) -> list[Chosen]:
    """Return the files in the order they landed.

    Raises NotChosen where a name fits no file, or several.
    """
    if not choice.names:
        return _query(current, choice, None)
    found = {each.file.file_id: each for name in choice.names for each in [_one(current, choice, name)]}
    return sorted(found.values(), key=lambda each: (each.file.landed_at, each.file.key, each.file.file_id))


def _one(current: cursor, choice: Choice, name: str) -> Chosen:
    found = _query(current, choice, name)
    if not found:
        raise NotChosen(f"no file fits {name!r}; `./lakeport status` shows ids and keys")
    if len(found) > 1:
        shown = "; ".join(f"{each.file.file_id[:12]} landed {each.file.landed_at}" for each in found[:5])
        raise NotChosen(f"{len(found)} files fit {name!r}, say which by id: {shown}")
    return found[0]


def _query(current: cursor, choice: Choice, name: str | None) -> list[Chosen]:
    prefix = f"{name}%" if name and _ID.fullmatch(name) else ""
    values: dict[str, Any] = {"name": name, "prefix": prefix, "file_type": choice.file_type}
    values |= {"since": choice.since, "until": choice.until, "statuses": tuple(choice.statuses or Status)}
    current.execute(statement("mng/choose_files"), values)
    return [Chosen.of_row(row) for row in current.fetchall()]
