"""COPY between the stand-in and PostgreSQL: the rows of a load go in, those of an UNLOAD come out."""

from typing import IO

from local.redshift.protocol import wire
from local.redshift.protocol.backend import Backend
from local.redshift.protocol.errors import PostgresError

MESSAGE_BYTES = 256 << 10


class CopyIn:
    """One COPY FROM STDIN, within `kept`."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._error: PostgresError | None = None

    async def start(self, sql: str) -> None:
        """Begin a COPY FROM STDIN; raises PostgresError."""
        await self._backend.send(wire.query(sql), ready=1)
        error = None
        while True:
            kind, body = await self._backend.next()
            if kind == b"G":
                return
            if kind == b"E":
                error = PostgresError(body)
            if kind == b"Z" and error:
                raise error

    def has_ended(self) -> bool:
        """Return at once whether the engine has refused the rows of a COPY; notices are passed on to the client."""
        while self._error is None and (message := self._backend.next_now()):
            kind, body = message
            if kind == b"E":
                self._error = PostgresError(body)
            else:
                self._backend.pass_on(kind, body)
        return self._error is not None

    async def send(self, block: bytes) -> None:
        view = memoryview(block)
        for at in range(0, len(view), MESSAGE_BYTES):
            part = view[at : at + MESSAGE_BYTES]
            await self._backend.send(b"d" + wire.LENGTH.pack(len(part) + 4), part)

    async def end(self, *, failed: bool) -> int:
        """End a COPY; return how many rows it stored; raises PostgresError, also for the failure asked for."""
        await self._backend.send(wire.message(b"f", wire.text("load failed")) if failed else wire.message(b"c"))
        stored, error, self._error = 0, self._error, None
        while True:
            kind, body = await self._backend.next()
            if kind == b"N":
                self._backend.pass_on(kind, body)
            elif kind == b"C":
                stored = int(body[:-1].split()[-1])
            elif kind == b"E":
                error = PostgresError(body)
            elif kind == b"Z":
                if error:
                    raise error
                return stored


async def copy_out(backend: Backend, sql: str, file: IO[bytes]) -> int:
    """Write what COPY TO STDOUT gives into a file; return the number of rows; raises PostgresError."""
    await backend.send(wire.query(sql), ready=1)
    rows, error = 0, None
    while (message := await backend.next())[0] != b"Z":
        kind, body = message
        if kind == b"d":
            file.write(body)
        elif kind == b"C":
            rows = int(body[:-1].split()[-1])
        elif kind == b"E":
            error = PostgresError(body)
    if error:
        raise error
    return rows
