"""A client's messages, read ahead a little to notice when it disconnects, and those for it, several in one packet."""

import asyncio
from asyncio.trsock import TransportSocket
from contextlib import suppress

from local.redshift.protocol import wire

READ_AHEAD = 64

Message = tuple[bytes, bytes]


class Inbox:
    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader
        self._messages: asyncio.Queue[Message | None] = asyncio.Queue(READ_AHEAD)
        self.gone = asyncio.Event()

    async def fill(self) -> None:
        """Read until the client disconnects or violates the protocol."""
        try:
            while True:
                await self._messages.put(await wire.read_message(self._reader))
        except (asyncio.IncompleteReadError, ConnectionError, wire.ProtocolError):
            pass
        finally:
            self.gone.set()
            with suppress(asyncio.QueueFull):  # it is full, so no reader waits for it
                self._messages.put_nowait(None)

    async def next(self) -> Message | None:
        """Return the next message, None if the client has disconnected."""
        if self.gone.is_set() and self._messages.empty():
            return None
        return await self._messages.get()


class Outbox:
    """Sends what is written in one turn of the event loop together: a packet for each message costs the most time."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self._waiting: list[bytes | bytearray] = []

    @property
    def socket(self) -> TransportSocket:
        found: TransportSocket = self._writer.get_extra_info("socket")
        return found

    def write(self, data: bytes | bytearray) -> None:
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self.flush)
        self._waiting.append(data)

    def flush(self) -> None:
        if self._waiting:
            self._writer.write(b"".join(self._waiting))
            self._waiting.clear()

    async def drain(self) -> None:
        """Send what waits, and wait while the client reads too slowly."""
        self.flush()
        await self._writer.drain()

    def close(self) -> None:
        self.flush()
        self._writer.close()
