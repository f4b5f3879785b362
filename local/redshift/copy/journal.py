"""Record rejected rows for the load-error views over a separate connection, so that they survive a rollback."""

import asyncio
import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Self

from local.redshift.copy import utf8
from local.redshift.copy.columns import Column
from local.redshift.copy.rows import Reject, Replacement
from local.redshift.engine.connection import LOST, Connection, connect
from local.redshift.settings import Settings

LONGEST_RAW = 1024
MOST_ERRORS_KEPT = 100_000


def now() -> dt.datetime:
    """Return the time as the views show it: UTC, without a zone."""
    return dt.datetime.now(dt.UTC).replace(tzinfo=None)


@dataclass(kw_only=True)
class Load:
    """One COPY, a row of SYS_LOAD_HISTORY."""

    query_id: int
    user_id: int
    transaction_id: int
    session_id: int
    database_name: str
    table_id: int
    table_name: str
    status: str = "running"
    started_at: dt.datetime = field(default_factory=now)
    ended_at: dt.datetime | None = None
    data_source: str
    file_format: str
    loaded_rows: int = 0
    loaded_bytes: int = 0
    source_file_count: int = 0
    source_file_bytes: int = 0
    error_count: int = 0
    message: str = ""


@dataclass(kw_only=True)
class LoadFile:
    """One object a COPY has read, a row of SYS_LOAD_DETAIL."""

    query_id: int
    number: int
    file_name: str
    file_bytes: int
    lines_scanned: int = 0
    error_count: int = 0
    started_at: dt.datetime = field(default_factory=now)
    ended_at: dt.datetime = field(default_factory=now)
    etag: str
    modified_at: dt.datetime


@dataclass(frozen=True, kw_only=True)
class LoadError:
    """One rejected record, a row of STL_LOAD_ERRORS."""

    query_id: int
    number: int
    file_name: str
    line_number: int
    column_name: str
    column_type: str
    column_length: str
    position: int
    raw_line: str
    raw_value: str
    code: int
    reason: str
    fields: str
    """JSON: the fields up to and including the bad one, whose value is left out."""

    @classmethod
    def of(cls, reject: Reject, query_id: int, number: int, file_name: str, columns: Sequence[Column]) -> Self:
        column = reject.column
        return cls(
            query_id=query_id,
            number=number,
            file_name=file_name,
            line_number=reject.line,
            column_name=column.name if column else "",
            column_type=column.type if column else "",
            column_length=column.shown_length if column else "",
            position=reject.position,
            raw_line=utf8.printable(reject.raw[:LONGEST_RAW]),
            raw_value=utf8.printable(reject.value[:LONGEST_RAW]),
            code=reject.code,
            reason=utf8.printable(reject.reason),
            fields=_fields(reject, columns),
        )


@dataclass(frozen=True, kw_only=True)
class LoadReplacement:
    """One record in which ACCEPTINVCHARS has replaced something, a row of STL_REPLACEMENTS."""

    query_id: int
    number: int
    file_name: str
    line_number: int
    column_name: str
    raw_line: str

    @classmethod
    def of(cls, found: Replacement, query_id: int, number: int, file_name: str) -> Self:
        return cls(
            query_id=query_id,
            number=number,
            file_name=file_name,
            line_number=found.line,
            column_name=found.column.name,
            raw_line=utf8.printable(found.raw[:LONGEST_RAW]),
        )


Entry = Load | LoadFile | LoadError | LoadReplacement


def _fields(reject: Reject, columns: Sequence[Column]) -> str:
    excerpts = [*map(_excerpt, reject.read), None] if reject.column else []
    return json.dumps(
        [
            {"column": column.name, "type": column.type, "length": column.shown_length, "value": value}
            for column, value in zip(columns, excerpts, strict=False)
        ]
    )


def _excerpt(value: str | None) -> str | None:
    return None if value is None else utf8.printable(value[:LONGEST_RAW])


Entries = Mapping[str, Sequence[Entry]]
"""By the name of their table."""


class Journal:
    """Writes entries; one connection serves all sessions, and is opened again after the engine has restarted."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = asyncio.Lock()
        self._connection: Connection | None = None

    async def begin(self, load: Load) -> None:
        await self._write({"loads": [load]})

    async def finish(self, load: Load, entries: Entries) -> None:
        await self._write({"loads": [load], **entries})

    async def close(self) -> None:
        if self._connection:
            self._connection.terminate()

    async def _write(self, entries: Entries) -> None:
        async with self._lock:
            try:
                await self._replace(entries)
            except LOST:  # the engine was restarted since the last entry
                self._connection = None
                await self._replace(entries)

    async def _replace(self, entries: Entries) -> None:
        connection = await self._connected()
        async with connection.transaction():
            ids = [load.query_id for load in entries["loads"]]
            await connection.execute("DELETE FROM pg_internal.loads WHERE query_id = ANY($1)", ids)
            for table, rows in entries.items():
                await _insert(connection, table, rows)

    async def _connected(self) -> Connection:
        if self._connection is None or self._connection.is_closed():
            self._connection = await connect(self._settings, self._settings.database)
        return self._connection


async def _insert(connection: Connection, table: str, entries: Sequence[Entry]) -> None:
    if entries:
        names = [each.name for each in fields(entries[0])]
        rows = [tuple(getattr(entry, name) for name in names) for entry in entries]
        await connection.copy_records_to_table(table, schema_name="pg_internal", columns=names, records=rows)


def as_json(load: Load, entries: Entries) -> dict[str, list[dict[str, object]]]:
    """Return entries for the session whose transaction cannot see them in the tables yet."""
    found = {table: [asdict(row) for row in rows] for table, rows in {"loads": [load], **entries}.items()}
    for error in found["load_errors"]:
        error["fields"] = json.loads(str(error["fields"]))
    return found
