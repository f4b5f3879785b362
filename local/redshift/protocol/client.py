"""A client's messages, read ahead a little to notice when the client disconnects while it waits for an answer."""

import asyncio
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
            with suppress(asyncio.QueueFull):  # then nobody waits for it
                self._messages.put_nowait(None)

    async def next(self) -> Message | None:
        """Return the next message, None if the client has disconnected."""
        if self.gone.is_set() and self._messages.empty():
            return None
        return await self._messages.get()
