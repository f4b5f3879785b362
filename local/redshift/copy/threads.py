"""Run what blocks in a daemon thread: one that hangs in S3 must not keep the server from ending."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TypeVar

T = TypeVar("T")


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
