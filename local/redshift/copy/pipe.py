"""Hands blocks from the thread that reads files to the event loop, a few at a time, so that memory stays flat."""

import asyncio
import threading
from collections.abc import AsyncIterator

MOST_BLOCKS = 3
CHECK_SECONDS = 0.5


class Closed(Exception):
    """Raised in the thread when its blocks are not read any more."""


class Pipe:
    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._blocks: asyncio.Queue[bytes | BaseException | None] = asyncio.Queue()
        self._room = threading.Semaphore(MOST_BLOCKS)
        self._is_closed = threading.Event()

    def put(self, block: bytes) -> None:
        """Hand over a block, waiting for room; called by the thread."""
        while not self._room.acquire(timeout=CHECK_SECONDS):
            self.check_open()
        self.check_open()
        self._hand_over(block)

    def finish(self, error: BaseException | None = None) -> None:
        """Report the end, or an error; called by the thread."""
        self._hand_over(error)

    def check_open(self) -> None:
        if self._is_closed.is_set():
            raise Closed

    async def blocks(self) -> AsyncIterator[bytes]:
        """Yield blocks until the thread has finished; raises what went wrong there."""
        while (block := await self._blocks.get()) is not None:
            if isinstance(block, BaseException):
                raise block
            yield block
            self._room.release()

    def close(self) -> None:
        """Tell the thread to stop."""
        self._is_closed.set()

    def _hand_over(self, block: bytes | BaseException | None) -> None:
        try:
            self._loop.call_soon_threadsafe(self._blocks.put_nowait, block)
        except RuntimeError:  # the loop has ended, and with it the server
            self._is_closed.set()
