"""Ports that are free, and ports that answer."""

from __future__ import annotations

import socket
import subprocess
import time
from pathlib import Path

from local.config import Ports


def free_port() -> int:
    return Ports.free().redshift


def wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"nothing listens on {port}: {log.read_text()}")
