"""The processes that belong to a part: those it forked, those in its session, those with its marker."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterable

import psutil

MARKER = "LAKEPORT_STACK"
"""Every part has this variable, and whatever it starts inherits it."""

children: dict[int, subprocess.Popen[bytes]] = {}
"""What this interpreter started itself and must reap: it would stay behind as zombies."""


def family(leader: psutil.Process) -> set[psutil.Process]:
    """Return the leader and all that descends from it or shares its session."""
    with contextlib.suppress(psutil.Error):
        return {leader, *leader.children(recursive=True), *session(leader.pid)}
    return {leader}


def session(leader_pid: int) -> set[psutil.Process]:
    members = set()
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if os.getsid(process.pid) == leader_pid:
                members.add(process)
    return members


def strays(marker: str) -> set[psutil.Process]:
    """Return the processes with the part's marker, whatever their parents are now."""
    found = set()
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.environ().get(MARKER) == marker:
                found.add(process)
    return found


def ports_of(process: psutil.Process) -> set[int]:
    """Return the ports that the process listens on, if the system reports them."""
    with contextlib.suppress(psutil.Error, OSError):
        connections = process.net_connections("tcp")
        return {each.laddr[1] for each in connections if each.status == psutil.CONN_LISTEN and each.laddr}
    return set()


def send(processes: Iterable[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        # psutil compares start times itself before it signals, so a pid recycled meanwhile is left alone.
        with contextlib.suppress(psutil.Error, OSError):
            process.send_signal(number)


def wait(processes: Iterable[psutil.Process], until: float) -> None:
    """Wait until these processes have ended, at most until this monotonic time."""
    for process in processes:
        while is_alive(process) and time.monotonic() < until:
            time.sleep(0.02)


def reap() -> None:
    """Reap the children that have ended."""
    for pid, child in list(children.items()):
        if child.poll() is not None:
            del children[pid]


def is_alive(process: psutil.Process) -> bool:
    child = children.get(process.pid)
    if child and child.poll() is not None:
        return False
    try:
        return bool(process.is_running()) and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def exit_status(process: psutil.Process) -> str:
    """Return how a process ended, empty if another process started it."""
    child = children.get(process.pid)
    return f" with exit status {child.returncode}" if child else ""
