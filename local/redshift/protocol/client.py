"""A client's messages, read ahead a little to notice when the client disconnects while it waits for an answer."""

import asyncio

from local.redshift.protocol import wire

READ_AHEAD = 64

Message = tuple[bytes, bytes]


class Inbox:
    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader
        self._messages: asyncio.Queue[Message] = asyncio.Queue(READ_AHEAD)
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

    async def next(self) -> Message | None:
        """Return the next message, None if the client has disconnected."""
        if not self._messages.empty():
            return self._messages.get_nowait()
        getting = asyncio.ensure_future(self._messages.get())
        leaving = asyncio.ensure_future(self.gone.wait())
        try:
            await asyncio.wait({getting, leaving}, return_when=asyncio.FIRST_COMPLETED)
            return getting.result() if getting.done() else None
        finally:
            getting.cancel()
            leaving.cancel()
