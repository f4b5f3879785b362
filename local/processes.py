"""Start, find and stop the stack's processes, so that none is left behind and no other process is killed.

A process is ours when its pid file names both its pid and its start time: a recycled pid has another start time.
"""

import hashlib
import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from local import families
from local.config import REPOSITORY, Config
from local.errors import PartError
from local.forking import Forker

CLOCK_TOLERANCE_SECONDS = 2.0
BUSY_WITHIN_SECONDS = 15.0
KILLED_WITHIN_SECONDS = 5.0
POLL_SECONDS = 0.05
POLL_SHARE = 0.05
"""Between two looks at a part that starts slowly: to look keeps a processor from starting it."""
LOG_LINES_SHOWN = 15

# Variables of the person's shell that would change what a part does.
_FOREIGN = (
    "AIRFLOW_",
    "AIRFLOW__",
    "AWS_",
    "LAKEPORT_",
    "PG",
    "PYTHON",
    "VIRTUAL_ENV",
    "S3_",
    "LAMBDA_",
    "LOCALSTACK_",
)


@dataclass(frozen=True, kw_only=True)
class Service:
    """A process of the stack: how to start it, how to know it is ready, how to end it."""

    name: str
    command: tuple[str, ...]
    is_ready: Callable[[], bool]
    fork_arguments: tuple[str, ...] = ()
    """What the part runs, instead of its command, where it is a fork."""
    environment: Mapping[str, str] = field(default_factory=dict)
    start_within_seconds: float = 60
    stop_signal: signal.Signals = signal.SIGTERM
    stop_within_seconds: float = 5


def base_environment() -> dict[str, str]:
    """Return this shell's environment without the variables that would change a part."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
    kept["PATH"] = os.environ.get("PATH", os.defpath)
    for name in ("NO_PROXY", "no_proxy"):
        kept[name] = ",".join(filter(None, [kept.get(name), "127.0.0.1,localhost"]))
    return kept


def log_path(config: Config, name: str) -> Path:
    return config.logs / f"{name}.log"


def running(config: Config, name: str) -> psutil.Process | None:
    """Return the part's process if it is alive and is the one its pid file was written for."""
    noted = _noted(config, name)
    try:
        process = psutil.Process(noted["pid"])
        is_same = abs(process.create_time() - noted["started_at"]) < CLOCK_TOLERANCE_SECONDS
    except (KeyError, TypeError, ValueError, psutil.Error):
        return None
    return process if is_same and families.is_alive(process) else None


def listens(config: Config, name: str, port: int) -> bool:
    """Return whether it is this part that has the port, with the current settings or with those of an earlier `up`."""
    leader = running(config, name)
    return leader is not None and any(port in families.ports_of(each) for each in families.family(leader))


def is_current(config: Config, service: Service) -> bool:
    """Return whether the part runs, with the command and environment it would be started with now."""
    return bool(running(config, service.name)) and _noted(config, service.name).get("digest") == _digest(service)


def start(
    config: Config, service: Service, given_up: threading.Event | None = None, forker: Forker | None = None
) -> bool:
    """Start the part and wait until it is ready; return False if it was already healthy and as it should be.

    Raises PartError with the end of its log when it ends or does not answer in time, or when `given_up` is set
    because another part failed.
    """
    if is_current(config, service) and _is_ready_within(config, service, BUSY_WITHIN_SECONDS):
        return False
    stop(config, [service])
    process = _launch(config, service, forker)
    started = time.monotonic()
    deadline = started + service.start_within_seconds
    while not service.is_ready():
        if not families.is_alive(process):
            raise _failed(config, service, f"ended{families.exit_status(process)}")
        if given_up and given_up.is_set():
            raise PartError(f"{service.name}: stopped waiting, because another part failed")
        if time.monotonic() > deadline:
            stop(config, [service])
            raise _failed(config, service, f"did not answer within {service.start_within_seconds:.0f} s")
        time.sleep(max(POLL_SECONDS, (time.monotonic() - started) * POLL_SHARE))
    return True


def begin_forks(config: Config, services: Iterable[Service], forker: Forker) -> None:
    """Start to import what those parts need that will be started as forks."""
    for service in services:
        if service.fork_arguments and not is_current(config, service):
            forker.begin(_environment(config, service), log_path(config, service.name))


def stop(config: Config, services: Iterable[Service]) -> list[str]:
    """Stop these parts together, with everything they forked; return the names of those that ran."""
    services = list(services)
    leaders = [(service, leader) for service in services if (leader := running(config, service.name))]
    known = [families.family(leader) for _, leader in leaders]
    for service, leader in leaders:
        families.send([leader], service.stop_signal)
    signalled_at = time.monotonic()
    for service, leader in leaders:
        families.wait([leader], until=signalled_at + service.stop_within_seconds)
    remaining = set().union(*known, *(families.strays(_marker(config, service.name)) for service in services))
    families.send(remaining, signal.SIGKILL)
    families.wait(remaining, until=time.monotonic() + KILLED_WITHIN_SECONDS)
    families.reap()
    for service in services:
        _pid_path(config, service.name).unlink(missing_ok=True)
    return [service.name for service, _ in leaders]


def tail(path: Path, lines: int = LOG_LINES_SHOWN) -> str:
    """Return the last lines of a log."""
    try:
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])
    except OSError:
        return ""


def _is_ready_within(config: Config, service: Service, seconds: float) -> bool:
    """Give a busy part time to answer before it counts as hung; one that ends meanwhile is not waited for."""
    deadline = time.monotonic() + seconds
    while not service.is_ready():
        if time.monotonic() > deadline or not running(config, service.name):
            return False
        time.sleep(0.2)
    return True


def _launch(config: Config, service: Service, forker: Forker | None) -> psutil.Process:
    """Start the part as leader of a new session, away from this terminal's Ctrl-C."""
    environment = _environment(config, service)
    log = log_path(config, service.name)
    log.parent.mkdir(parents=True, exist_ok=True)
    if forker and service.fork_arguments:
        pid = forker.fork(service.fork_arguments, environment, log)
    else:
        pid = _run(service.command, environment, log)
    process = psutil.Process(pid)
    pid_path = _pid_path(config, service.name)
    pid_path.parent.mkdir(parents=True, exist_ok=True)
    noted = {"pid": pid, "started_at": process.create_time(), "digest": _digest(service)}
    pid_path.write_text(json.dumps(noted))
    return process


def _environment(config: Config, service: Service) -> dict[str, str]:
    return base_environment() | dict(service.environment) | {families.MARKER: _marker(config, service.name)}


def _run(command: tuple[str, ...], environment: Mapping[str, str], log: Path) -> int:
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=REPOSITORY,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    families.children[process.pid] = process
    return process.pid


def _digest(service: Service) -> str:
    text = json.dumps([service.command, sorted(service.environment.items())])
    return hashlib.sha256(text.encode()).hexdigest()


def _noted(config: Config, name: str) -> dict[str, Any]:
    """Return the content of the pid file, nothing if it cannot be read."""
    try:
        noted = json.loads(_pid_path(config, name).read_text())
    except (OSError, ValueError):
        return {}
    return noted if isinstance(noted, dict) else {}


def _failed(config: Config, service: Service, what: str) -> PartError:
    log = log_path(config, service.name)
    return PartError(f"{service.name} {what}. The end of its log:\n{tail(log)}\nThe whole log: {log}")


def _pid_path(config: Config, name: str) -> Path:
    return config.state / "run" / f"{name}.json"


def _marker(config: Config, name: str) -> str:
    return f"{name}@{config.state}"
