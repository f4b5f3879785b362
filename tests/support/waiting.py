"""Wait for an outcome."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

PATIENCE_SECONDS = 120


IMPATIENCE_SECONDS = 30
"""How long a test waits once another has waited in vain: the session has failed, and need not be long about it."""


def until(look: Callable[[], Any], explain: Callable[[], object] = lambda: "", pause_seconds: float = 0.2) -> Any:
    """Poll until there is a result; fail with the last answer."""
    global _patience_seconds
    deadline = time.monotonic() + _patience_seconds
    while time.monotonic() < deadline:
        if seen := look():
            return seen
        time.sleep(pause_seconds)
    waited, _patience_seconds = _patience_seconds, IMPATIENCE_SECONDS
    pytest.fail(f"waited {waited} s in vain: {explain()}")


_patience_seconds = PATIENCE_SECONDS


def eventually(look: Callable[[], Any], seconds: float = 30) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, "nothing within the time"
        time.sleep(0.3)
    return found
