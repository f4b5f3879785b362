"""Start attempts as separate processes, answer their requests to Airflow, and return how they ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, Listener
from pathlib import Path
from typing import Any

from local.config import REPOSITORY
from tests.torture.attempt import Attempt, Ended
from tests.torture.gate import KILLS, OF_AIRFLOW, Cut, Gate, How

Answer = Callable[[Any], Any]
GIVEN_UP_AFTER_SECONDS = 1.0
_PATIENCE_SECONDS = 120.0


@dataclass(frozen=True)
class Outcome:
    """How an attempt ended: with a result, with an error, or killed; and what was cut."""

    is_killed: bool
    result: Any
    error: str
    steps: tuple[str, ...]
    done_to: str
    how: How | None = None
    """What was done to it, if anything was."""


class Attempts:
    """Fork attempts from one process that has imported everything; all that they do passes the gate."""

    def __init__(self, gate: Gate, environment: Mapping[str, str], log: Path) -> None:
        self.gate = gate
        self._directory = tempfile.TemporaryDirectory(prefix="lakeport-attempts-")
        self._listener = Listener(str(Path(self._directory.name) / "line"))
        self._log = log.open("ab")
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.torture.attempt", str(self._listener.address)],
            cwd=REPOSITORY,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )
        self._line = self._listener.accept()
        self._line.recv()
        self._frozen: list[threading.Thread] = []

    def close(self) -> None:
        """End the forking process; its children end with their lines."""
        self._line.close()
        self._server.wait()
        self._listener.close()
        self._directory.cleanup()
        self._log.close()

    def run(self, attempt: Attempt, cut: Cut | None = None, answer: Answer = lambda _: None) -> Outcome:
        """Run one attempt to its end, whatever that is."""
        self._line.send("fork")
        line = self._listener.accept()
        process_id = line.recv()
        self.gate.begin(process_id, cut)
        line.send(attempt)
        return self._outcome(line, process_id, cut, answer)

    def wait_for_frozen(self) -> None:
        """Wait until every process that had been given up has ended."""
        for thread in self._frozen:
            thread.join()
        self._frozen.clear()

    def _outcome(self, line: Connection, process_id: int, cut: Cut | None, answer: Answer) -> Outcome:
        ended = None
        with suppress(EOFError, OSError):
            while ended is None:
                if self._is_frozen(line, cut):
                    self._let_go_on_later(line, process_id, answer)
                    return Outcome(True, None, "", tuple(self.gate.steps), self.gate.done_to, How.FREEZE)
                message = line.recv()
                if isinstance(message, Ended):
                    ended = message
                else:
                    line.send(self._answered(message, answer))
        steps, done_to = tuple(self.gate.steps), self.gate.done_to
        self.gate.end()
        line.close()
        how = cut.how if cut and done_to else None
        if ended is None:
            return Outcome(True, None, "", steps, done_to, how)
        return Outcome(False, ended.result, ended.error, steps, done_to, how)

    def _answered(self, message: Any, answer: Answer) -> Any:
        """Answer a message to Airflow; the process may be killed before or after Airflow gets it."""
        how = self.gate.entered(self.gate.attempt, f"Airflow {type(message).__name__}", OF_AIRFLOW)
        if how is How.KILL_BEFORE:
            self.gate.kill(self.gate.attempt, how)
            raise EOFError
        answered = answer(message)
        if how in KILLS:
            self.gate.kill(self.gate.attempt, How.KILL_AFTER)
            raise EOFError
        return answered

    def _is_frozen(self, line: Connection, cut: Cut | None) -> bool:
        if cut is None or cut.how is not How.FREEZE:
            return False
        while not line.poll(0.005):
            if self.gate.done_to:
                return True
        return False

    def _let_go_on_later(self, line: Connection, process_id: int, answer: Answer) -> None:
        """Let the process go on when it has been given up; Airflow gets nothing from it any more."""

        def go_on() -> None:
            with suppress(ProcessLookupError):
                os.kill(process_id, signal.SIGCONT)
            with suppress(EOFError, OSError), line:
                while not isinstance(message := line.recv(), Ended):
                    line.send(answer(message))

        thread = threading.Timer(GIVEN_UP_AFTER_SECONDS, go_on)
        thread.start()
        self._frozen.append(thread)
