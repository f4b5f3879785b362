"""Count the statements and S3 calls of one attempt as they pass, and cut at the given step."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Set
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum


class How(StrEnum):
    """What is done to an attempt at its n-th step; a step is a statement or an S3 call."""

    KILL_BEFORE = "killed before"
    KILL_DURING = "killed during"
    KILL_AFTER = "killed after"
    DROP_BEFORE = "connection dropped before"
    DROP_AFTER = "connection dropped after"
    CONFLICT = "refused with 1023"
    DEADLOCK = "refused as a deadlock"
    UNAVAILABLE = "answered 503"
    SLOW = "answered slowly"
    FREEZE = "was frozen, given up, and went on"
    MEANWHILE = "went on while something happened"


KILLS = frozenset({How.KILL_BEFORE, How.KILL_DURING, How.KILL_AFTER})
DROPS = frozenset({How.DROP_BEFORE, How.DROP_AFTER})
REFUSALS = frozenset({How.CONFLICT, How.DEADLOCK})
OF_SQL = KILLS | DROPS | REFUSALS | {How.FREEZE, How.MEANWHILE}
OF_HTTP = KILLS | DROPS | {How.UNAVAILABLE, How.SLOW, How.FREEZE, How.MEANWHILE}
OF_AIRFLOW = frozenset({How.KILL_BEFORE, How.KILL_AFTER})


@dataclass(frozen=True)
class Cut:
    """A fault: what happens at which step of an attempt, counted from 1."""

    step: int
    how: How
    meanwhile: Callable[[], None] | None = None
    """What happens before a step with MEANWHILE goes on."""


class Gate:
    """What both proxies ask before and after each step.

    Only connections of the running attempt count: each notes the attempt it was opened for.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.attempt = 0
        self.steps: list[str] = []
        self.done_to = ""
        """What was cut, empty as long as nothing was."""
        self._cut: Cut | None = None
        self._process_id = 0

    def begin(self, process_id: int, cut: Cut | None = None) -> None:
        """Start counting again, for this process."""
        with self._lock:
            self.attempt += 1
            self.steps, self.done_to = [], ""
            self._cut, self._process_id = cut, process_id

    def end(self) -> None:
        """Count no more."""
        self.begin(0)

    def entered(self, attempt: int, step: str, possible: Set[How]) -> How | None:
        """Note a step that is to be forwarded and return which of the possible faults applies to it."""
        with self._lock:
            if attempt != self.attempt or not self._process_id:
                return None
            self.steps.append(step)
            if not self._cut or len(self.steps) != self._cut.step or self._cut.how not in possible:
                return None
            cut = self._cut
            how = cut.meanwhile.__name__ if cut.meanwhile else cut.how
            self.done_to = f"{how} step {len(self.steps)}: {step}"
        if cut.meanwhile:
            cut.meanwhile()
            return None
        return cut.how

    def kill(self, attempt: int, how: How) -> None:
        """Kill the attempt's process, which nothing can prevent, or freeze it."""
        with self._lock:
            if attempt == self.attempt and self._process_id:
                with suppress(ProcessLookupError):
                    os.kill(self._process_id, signal.SIGSTOP if how is How.FREEZE else signal.SIGKILL)
