"""Calls for many files run at once, and fail as calls one after another do."""

from __future__ import annotations

import threading
import time
from itertools import count

import pytest

from lakeport.files.at_once import CALLS_AT_ONCE, at_once


def test_results_come_in_the_order_of_the_items() -> None:
    assert at_once(lambda number: number * 2, range(100)) == [number * 2 for number in range(100)]
    assert at_once(str, []) == []


def test_a_bounded_number_of_calls_runs_at_once() -> None:
    full = threading.Barrier(CALLS_AT_ONCE, timeout=30)
    lock, running, most = threading.Lock(), 0, 0

    def call(_: int) -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        full.wait()
        with lock:
            running -= 1

    at_once(call, range(2 * CALLS_AT_ONCE))
    assert most == CALLS_AT_ONCE


def test_after_an_error_no_call_begins_and_those_that_began_end() -> None:
    begun, ended = count(), count()
    failed = threading.Event()

    def call(number: int) -> None:
        next(begun)
        if number == 1:
            failed.set()
            raise ValueError(str(number))
        failed.wait(30)
        time.sleep(0.01)
        next(ended)

    with pytest.raises(ValueError, match="1"):
        at_once(call, range(1000))
    number_begun, number_ended = next(begun), next(ended)
    assert number_ended == number_begun - 1
    assert number_begun < 1000


def test_error_of_the_first_item_is_raised_whichever_comes_first() -> None:
    second_failed = threading.Event()

    def call(number: int) -> None:
        if number == 0:
            second_failed.wait(30)
        second_failed.set()
        raise ValueError(str(number))

    with pytest.raises(ValueError, match="0"):
        at_once(call, range(2))
