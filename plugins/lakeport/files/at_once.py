"""Call S3 for many files at once: one call after another takes minutes for hundreds of files."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import CancelledError, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

CALLS_AT_ONCE = 16
"""How many calls are in flight; the client of `s3_objects` keeps as many connections."""


def at_once(call: Callable[[Item], Result], items: Iterable[Item], calls_at_once: int | None = None) -> list[Result]:
    """Return the result of `call` for each item, in the order of the items; CALLS_AT_ONCE are in flight by default.

    If a call raises, no further one begins, and those that have begun end first; then the error of the first item that
    has one is raised.  `call` must be safe in threads, as boto3's clients are, and safe to repeat.
    """
    has_failed = threading.Event()

    def begin(item: Item) -> Result:
        if has_failed.is_set():
            raise CancelledError
        try:
            return call(item)
        except BaseException:
            has_failed.set()
            raise

    with ThreadPoolExecutor(calls_at_once or CALLS_AT_ONCE) as pool:
        calls = [pool.submit(begin, item) for item in items]
    for error in [each.exception() for each in calls]:
        if error and not isinstance(error, CancelledError):
            raise error
    return [each.result() for each in calls]
