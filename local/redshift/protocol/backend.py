"""One client's connection to PostgreSQL: messages are passed on, or kept while the stand-in runs its own statements."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Protocol

from local.redshift.protocol import names, results, wire
from local.redshift.protocol.client import Outbox
from local.redshift.protocol.errors import PostgresError, in_redshift_words
from local.redshift.protocol.results import Results

READ_BYTES = 256 << 10

IDLE, IN_TRANSACTION, FAILED = b"I", b"T", b"E"
_ERROR, _READY = ord("E"), ord("Z")
_ROW, _COMPLETE, _KEY = ord("D"), ord("C"), ord("K")
_CHANGED = frozenset(b"TtnCsIKE")
"""Messages that the stand-in reads before it sends them to the client."""
_NAMED = frozenset(b"DN")
"""Those it reads too, once there are names that are too long for the engine."""

Message = tuple[bytes, bytes]


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
        client: Outbox,
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
        self.results = Results()
        self._watcher = watcher
        self.status = IDLE

    async def send(self, *data: bytes | memoryview, ready: int = 0) -> None:
        """Send messages, of which `ready` will be answered by ReadyForQuery."""
        if ready:
            self._expected_ready += ready
            self._quiet.clear()
        for part in data:
            self._writer.write(part)
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
        """Pass whole messages on, neighbours in one piece; return how many bytes were used."""
        at = passed = 0
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
                self._client.write(data[passed:at] + self._for_client(kind, bytes(data[at + wire.HEADER_BYTES : end])))
                passed = end
            at = end
        if self._kept is None and at > passed:
            self._client.write(bytes(data[passed:at]))
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
        return self._whole(self._kept, await self._kept.get())

    def next_now(self) -> Message | None:
        """Return a kept message without waiting, or None; raises ConnectionError when there will be none."""
        if self._kept is None or self._kept.empty():
            return None
        return self._whole(self._kept, self._kept.get_nowait())

    @staticmethod
    def _whole(kept: "asyncio.Queue[Message | None]", found: Message | None) -> Message:
        if found is None:
            kept.put_nowait(None)
            raise ConnectionError("PostgreSQL has closed the connection")
        return found

    def pass_on(self, kind: bytes, body: bytes) -> None:
        """Send a kept message to the client unchanged."""
        self._client.write(wire.message(kind, body))

    async def query(self, sql: str) -> list[wire.Row]:
        """Run a statement of the stand-in's own in the client's session; raises PostgresError."""
        await self.send(wire.query(sql), ready=1)
        return await self.answer()

    async def answer(self) -> list[wire.Row]:
        """Return the rows of a statement that was sent; raises PostgresError."""
        rows, error = [], None
        while True:
            kind, body = await self.next()
            if kind == b"D":
                rows.append(wire.row(body))
            elif kind == b"E":
                error = PostgresError(body)
            elif kind == b"S":
                self.pass_on(kind, body)
            elif kind == b"Z":
                break
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
            if is_last and kind == b"Z":
                self.results.ready()
            if is_last:
                return succeeded

    def abort(self) -> None:
        """Drop the connection: the engine rolls back what it was doing."""
        self._writer.transport.abort()
