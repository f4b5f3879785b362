"""Flights whose COPY stops in the middle until a test lets it go on.

To find a COPY in the middle otherwise takes a large file, whose other loads take seconds of a processor.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import islice

import psutil
from psycopg2.extensions import cursor

from local import credentials, postgres
from tests.support.running_lakeport import SAMPLES, Lakeport, copying_task
from tests.support.waiting import until

ROWS = 20_000
_STOPS_AT_ROW = 15_000
_TAIL_NUMBER = "STOPS HERE"
_LOCK = 2013
_TRIGGER = f"""
CREATE OR REPLACE FUNCTION wait_to_go_on() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_lock_shared({_LOCK});
    PERFORM pg_advisory_unlock_shared({_LOCK});
    RETURN NEW;
END $$;
CREATE TRIGGER wait_to_go_on BEFORE INSERT ON lake.flights
FOR EACH ROW WHEN (NEW.tailnum = '{_TAIL_NUMBER}') EXECUTE FUNCTION wait_to_go_on();
"""
_IN_PROGRESS = """
SELECT l.pid IS NOT NULL
FROM pg_stat_progress_copy p LEFT JOIN pg_locks l ON l.pid = p.pid AND l.locktype = 'advisory' AND NOT l.granted
WHERE p.relid = 'lake.flights'::regclass
"""


@cache
def flights(rows: int = ROWS) -> bytes:
    """Return the first rows of the sample, in a zip like the sample."""
    with zipfile.ZipFile(SAMPLES / "flights_2013.csv.zip") as sample, sample.open("flights.csv") as lines:
        taken = list(islice(lines, rows + 1))
    if rows > _STOPS_AT_ROW:
        values = taken[_STOPS_AT_ROW].split(b",")
        values[taken[0].split(b",").index(b"tailnum")] = _TAIL_NUMBER.encode()
        taken[_STOPS_AT_ROW] = b",".join(values)
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("flights.csv", b"".join(taken), compresslevel=1)
    return zipped.getvalue()


@dataclass
class StoppedCopy:
    """The COPY of a file of flights that has stopped, or will."""

    lakeport: Lakeport
    _engine: cursor

    def task(self) -> psutil.Process:
        """Wait until the COPY has stopped, and return its task."""
        found: psutil.Process = until(lambda: self._in_progress() == [True] and copying_task(self.lakeport))
        return found

    def let_go(self) -> None:
        """Let it go on, and wait until it has ended or was rolled back; the next one will stop again."""
        self._engine.execute(f"SELECT pg_advisory_unlock({_LOCK})")
        until(lambda: not self._in_progress(), pause_seconds=0.02)
        self._engine.execute(f"SELECT pg_advisory_lock({_LOCK})")

    def _in_progress(self) -> list[bool]:
        """Return, of each COPY into the table, whether it has stopped."""
        self._engine.execute(_IN_PROGRESS)
        return [waits for (waits,) in self._engine.fetchall()]


@contextmanager
def stopped_copy(lakeport: Lakeport, name: str) -> Iterator[tuple[str, StoppedCopy]]:
    """Land a file of flights whose COPY stops in the middle; give its version and the COPY.

    It goes on at the end.  The table is there before: a trigger of PostgreSQL, behind the stand-in, stops the COPY.
    """
    if not lakeport.query("SELECT 1 FROM pg_tables WHERE schemaname = 'lake' AND tablename = 'flights'"):
        lakeport.wait_for(lakeport.put(flights(1), "flights/flights_first.csv.zip"), "Done")
    with closing(postgres.connect(lakeport.config, credentials.DATABASE)) as session, session.cursor() as engine:
        session.autocommit = True
        engine.execute(_TRIGGER)
        engine.execute(f"SELECT pg_advisory_lock({_LOCK})")
        try:
            yield lakeport.put(flights(), f"flights/{name}.csv.zip"), StoppedCopy(lakeport, engine)
        finally:
            engine.execute(f"SELECT pg_advisory_unlock({_LOCK})")
            engine.execute("DROP TRIGGER wait_to_go_on ON lake.flights")
