"""The statements that ran, for STL_QUERY, SYS_QUERY_HISTORY and their like.

They are kept in memory, and written when a statement reads such a view: a statement costs one entry of a queue.
"""

import datetime as dt
from collections import deque
from dataclasses import dataclass, field

from local.redshift.dialect import long_names
from local.redshift.dialect.tokens import split
from local.redshift.engine.connection import Connection, connect
from local.redshift.settings import Settings

MOST_KEPT = 10_000
LONGEST_TEXT = 64_000
_VIEWS = (
    *("STL_QUERY", "SYS_QUERY_", "SVL_QLOG", "SVL_STATEMENTTEXT", "STL_UTILITYTEXT", "STL_DDLTEXT", "STL_SESSIONS"),
    *("SVCS_QUERY", "SVL_QERROR"),
)
_WRITE = """
    INSERT INTO pg_internal.statements
           (query_id, user_name, session_id, text, kind, label, started_at, ended_at, error, returned_rows)
    SELECT coalesce((SELECT max(query_id) FROM pg_internal.loads l
                      WHERE l.session_id = $2 AND l.started_at BETWEEN $6 AND $7 AND $4 = 'COPY'),
                    nextval('pg_internal.query_ids')), $1, $2, $3, $4, $5, $6, $7, $8, $9"""
_FORGET = """
    DELETE FROM pg_internal.statements
     WHERE place <= (SELECT max(place) FROM pg_internal.statements) - $1"""


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC).replace(tzinfo=None)


@dataclass
class Entry:
    """One statement of a client."""

    user: str
    text: str
    session_id: int = 0
    started_at: dt.datetime = field(default_factory=now)
    ended_at: dt.datetime | None = None
    error: str = ""
    returned_rows: int = 0

    @property
    def kind(self) -> str:
        """Return its first word: what it does."""
        return (self.text.split(None, 1) or [""])[0].upper()[:20]

    def row(self) -> tuple[object, ...]:
        text = self.text.strip().replace("\0", "")[:LONGEST_TEXT]
        ended_at = self.ended_at or now()
        times = (self.started_at, ended_at)
        return (self.user, self.session_id, text, self.kind, "default", *times, self.error, self.returned_rows)


class History:
    """The statements of all sessions."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._entries: deque[Entry] = deque(maxlen=MOST_KEPT)

    def add(self, entry: Entry) -> None:
        self._entries.append(entry)

    async def write(self) -> None:
        """Write what has run since the last time."""
        if not self._entries:
            return
        rows = [self._entries.popleft().row() for _ in range(len(self._entries))]
        connection: Connection = await connect(self._settings, self._settings.database)
        try:
            await connection.executemany(_WRITE, rows)
            await connection.execute(_FORGET, MOST_KEPT)
        finally:
            await connection.close()

    async def keep_names(self) -> None:
        names = [long_names.UNKEPT.popitem() for _ in range(len(long_names.UNKEPT))]
        connection: Connection = await connect(self._settings, self._settings.database)
        try:
            await connection.executemany(long_names.KEEP, names)
        finally:
            await connection.close()


class SessionLog:
    """The statements of one session: those sent to the engine end in the order they were sent."""

    def __init__(self, history: History, user: str) -> None:
        self._history = history
        self._user = user
        self._running: deque[Entry] = deque()
        self.session_id = 0

    def start(self, sql: str) -> None:
        """Note statements that are about to run."""
        self._running.extend(Entry(self._user, text, self.session_id) for text in split(sql))

    def complete(self, tag: str) -> None:
        """Note that the first of those that run is done."""
        if self._running:
            entry = self._running.popleft()
            count = tag.rpartition(" ")[2]
            entry.returned_rows = int(count) if tag.startswith("SELECT") and count.isdecimal() else 0
            self._end(entry)

    def fail(self, message: str) -> None:
        if self._running:
            entry = self._running.popleft()
            entry.error = message
            self._end(entry)
            self._running.clear()

    def _end(self, entry: Entry) -> None:
        entry.ended_at = now()
        self._history.add(entry)

    async def keep_names(self) -> None:
        """Store the short names that are new, so that the next start knows them."""
        if long_names.UNKEPT:
            await self._history.keep_names()

    async def write_for(self, sql: str) -> None:
        """Write the history before a statement that reads it."""
        upper = sql.upper()
        if any(view in upper for view in _VIEWS):
            await self._history.write()
