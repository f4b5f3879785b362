"""Run what blocks in a daemon thread: one that hangs in S3 must not keep the server from ending."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from typing import TypeVar

from local.redshift.copy.formats.text import CHUNK_BYTES, Stream

T = TypeVar("T")


class ReadAhead:
    """A stream that reads its next chunk while the last one is decoded, unless it is read in pieces of other sizes."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._next: Future[bytes] | None = None
        self._is_in_chunks = True

    def read(self, size: int = -1, /) -> bytes:
        data = self._next.result() if self._next else self._stream.read(size)
        self._is_in_chunks = self._is_in_chunks and size == CHUNK_BYTES  # Avro begins with a few bytes
        is_full = self._is_in_chunks and len(data) >= size
        self._next = _started(partial(self._stream.read, size)) if is_full else None
        return data

    def close(self) -> None:
        """Wait for the chunk that is being read."""
        if self._next:
            self._next.exception()


def _started(function: Callable[[], T]) -> Future[T]:
    future: Future[T] = Future()

    def work() -> None:
        try:
            future.set_result(function())
        except Exception as error:  # noqa: BLE001 - it is raised again where the result is read
            future.set_exception(error)

    threading.Thread(target=work, name="s3", daemon=True).start()
    return future


async def in_thread(function: Callable[[], T]) -> T:
    """Return what the function returns; a caller that is cancelled leaves the thread to itself."""
    loop = asyncio.get_running_loop()
    result: asyncio.Future[T] = loop.create_future()

    def settle(outcome: Callable[[], None]) -> None:
        if not result.done():
            outcome()

    def work() -> None:
        try:
            value = function()
        except Exception as error:  # noqa: BLE001 - it is raised again where the result is awaited
            outcome = partial(result.set_exception, error)
        else:
            outcome = partial(result.set_result, value)
        with suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(settle, outcome)

    threading.Thread(target=work, name="s3", daemon=True).start()
    return await result
