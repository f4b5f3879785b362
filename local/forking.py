"""Start parts as forks of one process that has imported what all of them need: each would import it for seconds.

The process is started for the first part that is requested, and ends with the command that starts parts.
"""

import ctypes
import json
import os
import select
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from local import families
from local.config import REPOSITORY
from local.errors import PartError

POLL_SECONDS = 0.1
PROGRAM = (sys.executable, "-m", "local.airflow_component")
_REQUESTS = 0
"""Requests come to the standard input of the process, and answers leave there: it is a socket."""
_LONGEST_NAME = 40


class Forker:
    """The parent of the parts that are started together; all of them have one environment."""

    def __init__(self, given_up: threading.Event, program: tuple[str, ...] = PROGRAM) -> None:
        self._given_up, self._program = given_up, program
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._requests, self._theirs = socket.socketpair()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._requests.close()
        self._theirs.close()
        if self._process:
            self._process.kill()
            self._process.wait()

    def begin(self, environment: Mapping[str, str], log: Path) -> None:
        """Start to import what the part of this log and others need."""
        self._process = self._process or self._start(environment, _log_of_imports(log))

    def fork(self, arguments: tuple[str, ...], environment: Mapping[str, str], log: Path) -> int:
        """Run a component in a fork, as leader of a new session; return its process id.

        Raises PartError when Airflow cannot be imported, or when another part failed meanwhile.
        """
        with self._lock:
            self.begin(environment, log)
            request = {"arguments": arguments, "marker": environment[families.MARKER], "log": str(log)}
            try:
                self._requests.sendall(json.dumps(request).encode() + b"\n")
                while not select.select([self._requests], [], [], POLL_SECONDS)[0]:
                    if self._given_up.is_set() and self._process:
                        self._process.kill()  # or it would fork later, and the fork would have no pid file
                return int(self._requests.recv(100))
            except (ConnectionError, ValueError):  # it has ended
                raise PartError(f"{log.stem}: {self._why_it_ended(log)}") from None

    def _why_it_ended(self, log: Path) -> str:
        if self._given_up.is_set():
            return "stopped waiting, because another part failed"
        return f"Airflow cannot be imported. The whole log: {_log_of_imports(log)}"

    def _start(self, environment: Mapping[str, str], log: Path) -> subprocess.Popen[bytes]:
        state = environment[families.MARKER].partition("@")[2]
        marker = f"{'airflow-imports':-<{_LONGEST_NAME}}@{state}"
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as output, self._theirs as requests:
            return subprocess.Popen(
                self._program,
                cwd=REPOSITORY,
                env={**environment, families.MARKER: marker},
                stdin=requests.fileno(),
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )


def _log_of_imports(log: Path) -> Path:
    return log.with_name("airflow-imports.log")


def serve(prepare: Callable[[], None]) -> list[str]:
    """Prepare, then fork for each request; return only in a fork, the arguments of what it must run."""
    prepare()
    for line in sys.stdin:
        if select.select([_REQUESTS], [], [], 0)[0]:
            break  # who asked has been killed since: a fork would run unknown to everybody
        request = json.loads(line)
        pid = os.fork()
        if not pid:
            _become(request["marker"], request["log"])
            return list(request["arguments"])
        os.write(_REQUESTS, f"{pid}\n".encode())
    sys.exit()


def _become(marker: str, log: str) -> None:
    """Be a process as if it had been started for this part alone."""
    os.setsid()
    for path, flags, numbers in ((os.devnull, os.O_RDONLY, (0,)), (log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, (1, 2))):
        opened = os.open(path, flags, 0o666)
        for number in numbers:
            os.dup2(opened, number)
        os.close(opened)
    _write_marker(marker.encode())
    os.environ[families.MARKER] = marker


def _write_marker(marker: bytes) -> None:
    """Write the marker where the system finds the environment that a process was started with."""
    library = ctypes.CDLL(None)
    library.getenv.restype = ctypes.c_void_p
    size = len(os.environ[families.MARKER].encode())
    ctypes.memmove(library.getenv(families.MARKER.encode()), marker.ljust(size, b"\0"), size)
