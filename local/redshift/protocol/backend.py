"""One client's connection to PostgreSQL: messages are passed on, or kept while the stand-in runs its own statements."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import IO, Protocol

from local.redshift.protocol import names, results, wire
from local.redshift.protocol.errors import PostgresError, in_redshift_words
from local.redshift.protocol.results import Results

READ_BYTES = 256 << 10
COPY_MESSAGE_BYTES = 256 << 10

IDLE, IN_TRANSACTION, FAILED = b"I", b"T", b"E"
_ERROR, _READY = ord("E"), ord("Z")
_ROW, _COMPLETE, _KEY = ord("D"), ord("C"), ord("K")
_CHANGED = frozenset(b"TtnCsIKE")
"""Messages that the stand-in reads before it sends them to the client."""
_NAMED = frozenset(b"DN")
"""Those it reads too, once there are names that are too long for the engine."""

Message = tuple[bytes, bytes]

_PROBE = "lakeport_probe"


class Watcher(Protocol):
    """Gets the end of each statement that a client sends to the engine."""

    session_id: int

    def complete(self, tag: str) -> None: ...

    def fail(self, message: str) -> None: ...


class Backend:
    """Owns the connection; `pump` handles every message of the engine."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        client: asyncio.StreamWriter,
        conflict_wording: str = "1023",
        watcher: "Watcher | None" = None,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._client = client
        self._conflict_wording = conflict_wording
        self._kept: asyncio.Queue[Message | None] | None = None
        self._expected_ready = 0
        self._quiet = asyncio.Event()
        self._copy_error: PostgresError | None = None
        self.results = Results()
        self._watcher = watcher
        self.status = IDLE

    async def send(self, data: bytes, *, ready: int = 0) -> None:
        """Send messages, of which `ready` will be answered by ReadyForQuery."""
        if ready:
            self._expected_ready += ready
            self._quiet.clear()
        self._writer.write(data)
        await self._writer.drain()

    async def answered(self) -> None:
        """Wait until the client has received every answer that it waits for."""
        await self._quiet.wait()
        await self._client.drain()

    def reworded(self, body: bytes) -> bytes:
        """Return an error of the engine as the message that the client gets."""
        return wire.message(b"E", in_redshift_words(body, self._conflict_wording))

    async def pump(self) -> None:
        """Handle the engine's messages until it ends the connection."""
        data = bytearray()
        try:
            while more := await self._reader.read(READ_BYTES):
                data += more
                del data[: self._handle(data)]
                await self._client.drain()
        except ConnectionError:
            pass
        finally:
            if self._kept:
                self._kept.put_nowait(None)
            self._quiet.set()
            self._client.close()

    def _handle(self, data: bytearray) -> int:
        """Pass whole messages on, all that have come in one piece; return how many bytes were used."""
        at = passed = 0
        outgoing = list[bytes | bytearray]()
        while len(data) - at >= wire.HEADER_BYTES:
            end = at + 1 + wire.LENGTH.unpack_from(data, at + 1)[0]
            if end > len(data):
                break
            kind = data[at]
            if kind == _READY:
                self._became_ready(bytes(data[at + wire.HEADER_BYTES : end]))
            if self._kept is not None:
                self._kept.put_nowait((bytes(data[at : at + 1]), bytes(data[at + wire.HEADER_BYTES : end])))
                passed = end
            elif kind in _CHANGED or (names.LONG and kind in _NAMED) or (kind == _ROW and self.results.columns):
                outgoing += (data[passed:at], self._for_client(kind, bytes(data[at + wire.HEADER_BYTES : end])))
                passed = end
            at = end
        if self._kept is None and at > passed:
            outgoing.append(data[passed:at])
        if outgoing:
            self._client.write(b"".join(outgoing))
        return at

    def _for_client(self, kind: int, body: bytes) -> bytes:
        """Return a message as the client gets it; note what it ends."""
        body = names.restored(bytes([kind]), body)
        match kind:
            case 0x54:  # T, RowDescription
                body = self.results.description(body)
            case 0x44 if self.results.columns:  # D, DataRow
                body = self.results.row(body)
            case 0x74:  # t, ParameterDescription
                body = results.parameters(body)
            case 0x6E:  # n, NoData
                self.results.no_description()
            case 0x43 | 0x73 | 0x49:  # C, s and I end a result
                self.results.executed()
                self._watch(kind, body)
            case 0x4B:  # K, BackendKeyData
                self._watch(kind, body)
            case 0x45:  # E, ErrorResponse
                self._watch(kind, body)
                return self.reworded(body)
        return wire.message(bytes([kind]), body)

    def _watch(self, kind: int, body: bytes) -> None:
        """Report the end of a statement, and the session's number."""
        if self._watcher is None:
            return
        if kind == _KEY:
            self._watcher.session_id = wire.LENGTH.unpack_from(body)[0]
        elif kind == _COMPLETE:
            self._watcher.complete(wire.untext(body[:-1]))
        elif kind == _ERROR:
            self._watcher.fail(wire.report_fields(body).get("M", ""))

    def _became_ready(self, status: bytes) -> None:
        self.status = status
        if self._kept is None:
            self.results.ready()
        self._expected_ready -= 1
        if self._expected_ready <= 0:
            self._quiet.set()

    @contextlib.asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """Keep the engine's messages from the client, once it has had all it waits for."""
        await self._quiet.wait()
        self._kept = asyncio.Queue()
        try:
            yield
        finally:
            self._kept = None

    async def next(self) -> Message:
        """Return the next kept message; raises ConnectionError when there will be none."""
        if self._kept is None:
            raise ConnectionError("the engine's messages are not kept")
        found = await self._kept.get()
        if found is None:
            self._kept.put_nowait(None)
            raise ConnectionError("PostgreSQL has closed the connection")
        return found

    def has_ended_copy(self) -> bool:
        """Return at once whether the engine has refused the rows of a COPY; notices are passed on to the client."""
        while self._kept is not None and not self._kept.empty() and self._copy_error is None:
            kind, body = self._kept.get_nowait() or (b"", b"")
            if not kind:
                raise ConnectionError("PostgreSQL has closed the connection")
            if kind == b"E":
                self._copy_error = PostgresError(body)
            else:
                self._client.write(wire.message(kind, body))
        return self._copy_error is not None

    async def query(self, sql: str) -> list[wire.Row]:
        """Run a statement of the stand-in's own in the client's session; raises PostgresError."""
        await self.send(wire.query(sql), ready=1)
        rows, error = [], None
        while True:
            kind, body = await self.next()
            if kind == b"D":
                rows.append(wire.row(body))
            elif kind == b"E":
                error = PostgresError(body)
            elif kind == b"S":
                self._client.write(wire.message(kind, body))
            elif kind == b"Z":
                break
        if error:
            raise error
        return rows

    async def check(self, sql: str) -> PostgresError | None:
        """Let the engine read a query without running it; return what is wrong, which harms no transaction."""
        is_block = self.status == IN_TRANSACTION
        if is_block:
            await self.query(f"SAVEPOINT {_PROBE}")
        parse = wire.message(b"P", wire.text(_PROBE) + wire.text(sql) + b"\0\0")
        await self.send(parse + wire.message(b"C", b"S" + wire.text(_PROBE)) + wire.message(b"S"), ready=1)
        error = None
        while (message := await self.next())[0] != b"Z":
            if message[0] == b"E":
                error = PostgresError(message[1])
        if is_block:
            await self.query(f"ROLLBACK TO {_PROBE}; RELEASE {_PROBE}")
        return error

    async def columns(self, sql: str, types: bytes = wire.NO_TYPES) -> list[wire.Field]:
        """Return the columns of a query that the engine only reads; raises PostgresError, and harms no transaction."""
        return (await self._read(sql, types))[0]

    async def parameters(self, sql: str, types: bytes) -> bytes:
        """Return the types of a statement's parameters, of which some may be declared; raises PostgresError."""
        return (await self._read(sql, types))[1]

    async def _read(self, sql: str, types: bytes) -> tuple[list[wire.Field], bytes]:
        is_block = self.status == IN_TRANSACTION
        if is_block:
            await self.query(f"SAVEPOINT {_PROBE}")
        parse = wire.message(b"P", wire.text(_PROBE) + wire.text(sql) + types)
        name = b"S" + wire.text(_PROBE)
        await self.send(parse + wire.message(b"D", name) + wire.message(b"C", name) + wire.message(b"S"), ready=1)
        found, types, error = await self._described()
        if is_block:
            await self.query(f"ROLLBACK TO {_PROBE}; RELEASE {_PROBE}")
        if error:
            raise error
        return found, types

    async def _described(self) -> tuple[list[wire.Field], bytes, PostgresError | None]:
        """Read the answer to a description: its columns and the types of its parameters, or the error."""
        found, types, error = list[wire.Field](), wire.NO_TYPES, None
        while (message := await self.next())[0] != b"Z":
            if message[0] == b"T":
                found = wire.fields(message[1])
            elif message[0] == b"t":
                types = message[1]
            elif message[0] == b"E":
                error = PostgresError(message[1])
        return found, types, error

    async def describe(self, sql: str) -> list[wire.Field]:
        """Return the columns of a query without running it; raises PostgresError."""
        await self.send(wire.query(f"SELECT * FROM ({sql}) described LIMIT 0"), ready=1)  # noqa: S608 - the client's own
        found, _, error = await self._described()
        if error:
            raise error
        return found

    async def copy_out(self, sql: str, file: IO[bytes]) -> int:
        """Write what COPY TO STDOUT gives into a file; return the number of rows; raises PostgresError."""
        await self.send(wire.query(sql), ready=1)
        rows, error = 0, None
        while (message := await self.next())[0] != b"Z":
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

    async def relay(self, sql: str) -> bool:
        """Run a client's statement and pass everything on but ReadyForQuery; return whether it succeeded."""
        await self.send(wire.query(sql), ready=1)
        return await self.relay_until(b"Z", passes_last=False)

    async def relay_until(self, kinds: bytes, *, passes_last: bool = True) -> bool:
        """Pass messages on up to one of these kinds or an error; return whether there was none."""
        succeeded = True
        while True:
            kind, body = await self.next()
            is_last = kind in kinds
            if kind == b"E":
                succeeded = False
                self._client.write(self._for_client(_ERROR, body))
                if kinds != b"Z":
                    return False
            elif passes_last or not is_last:
                self._client.write(self._for_client(kind[0], body))
            await self._client.drain()
            if is_last and kind == b"Z":
                self.results.ready()
            if is_last:
                return succeeded

    async def start_copy(self, sql: str) -> None:
        """Begin a COPY FROM STDIN; raises PostgresError."""
        await self.send(wire.query(sql), ready=1)
        error = None
        while True:
            kind, body = await self.next()
            if kind == b"G":
                return
            if kind == b"E":
                error = PostgresError(body)
            if kind == b"Z" and error:
                raise error

    async def send_rows(self, block: bytes) -> None:
        view = memoryview(block)
        for at in range(0, len(view), COPY_MESSAGE_BYTES):
            part = view[at : at + COPY_MESSAGE_BYTES]
            self._writer.write(b"d" + wire.LENGTH.pack(len(part) + 4))
            self._writer.write(part)
            await self._writer.drain()

    async def end_copy(self, *, failed: bool) -> int:
        """End a COPY; return how many rows it stored; raises PostgresError, also for the failure asked for."""
        await self.send(wire.message(b"f", wire.text("load failed")) if failed else wire.message(b"c"))
        stored, error, self._copy_error = 0, self._copy_error, None
        while True:
            kind, body = await self.next()
            if kind == b"N":
                self._client.write(wire.message(kind, body))
            elif kind == b"C":
                stored = int(body[:-1].split()[-1])
            elif kind == b"E":
                error = PostgresError(body)
            elif kind == b"Z":
                if error:
                    raise error
                return stored

    def abort(self) -> None:
        """Drop the connection: the engine rolls back what it was doing."""
        self._writer.transport.abort()
