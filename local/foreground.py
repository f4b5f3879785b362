"""Run one part of the stack in the foreground, or some of its tasks: what a container of docker-compose.yaml does."""

import signal
import sys
import threading

from local import processes, stack
from local.config import Config
from local.errors import PartError, StackError
from local.processes import Service

POLL_SECONDS = 0.2


def run(config: Config, names: list[str]) -> int:
    """Run a part until it ends or receives SIGTERM or SIGINT, or run tasks one after another.

    The part's log goes to our output.  Safe to repeat, as `up` is.  Raises StackError for an unknown
    name, PartError when a part does not start.
    """
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    steps = {step.name: step for step in stack.steps(config, stopped)}
    parts = {service.name: service for service in stack.services(config)}
    for name in names:
        if name not in steps:
            raise StackError(f"unknown part or task {name!r}; allowed: {', '.join(steps)}.")
        if name not in parts:
            stack.write_shell_environment(config)  # which ./lakeport reads
        done = steps[name].run()
        if name in parts:
            return _follow(config, parts[name], stopped)
        sys.stdout.write(f"{name}: {done}\n")
        sys.stdout.flush()
    return 0


def is_ready(config: Config, name: str) -> bool:
    """Return whether a part answers; raises StackError for an unknown name."""
    for service in stack.services(config):
        if service.name == name:
            return service.is_ready()
    raise StackError(f"unknown part {name!r}.")


def _follow(config: Config, service: Service, stopped: threading.Event) -> int:
    """Pass the part's log on while it runs; stop it when we are stopped."""
    log = processes.log_path(config, service.name)
    with log.open(errors="replace") as lines:
        while processes.running(config, service.name) and not stopped.wait(POLL_SECONDS):
            sys.stdout.write(lines.read())
            sys.stdout.flush()
        if not stopped.is_set():
            sys.stdout.write(lines.read())
            raise PartError(f"{service.name} ended, although nothing stopped it; its output above shows why.")
    processes.stop(config, [service])
    return 0
