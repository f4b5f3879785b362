"""What Airflow reports about the health of its components, which those that wait for several of them ask once."""

from __future__ import annotations

import json
import threading
import time
import urllib.request
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from local.config import Config
from local.processes import running

HOLDS_SECONDS = 0.3
"""How long a report holds for all components."""


@dataclass(frozen=True)
class _Report:
    components: dict[str, Any] = field(default_factory=dict)
    asked_at: float = 0.0
    answered_at: float = 0.0


_asking = threading.Lock()
_last: dict[str, _Report] = {}


def is_healthy(config: Config, part: str, component: str) -> bool:
    """Return whether the component reported health since the part was started: a heartbeat outlives its process."""
    report, process = _report(config.airflow_url), running(config, part)
    found = report.components.get(component, {})
    heartbeat = next((value for key, value in found.items() if key.startswith("latest_")), None)
    at = datetime.fromisoformat(heartbeat).timestamp() if heartbeat else report.asked_at
    return process is not None and found.get("status") == "healthy" and at > process.create_time()


def _report(airflow_url: str) -> _Report:
    """Return the last report, or ask for another; nobody answers where nothing is reported."""
    with _asking:
        last = _last.get(airflow_url, _Report())
        if time.time() - last.answered_at > HOLDS_SECONDS:
            asked_at = time.time()
            last = _last[airflow_url] = _Report(_ask(airflow_url), asked_at, time.time())
        return last


def _ask(airflow_url: str) -> dict[str, Any]:
    try:
        with urllib.request.urlopen(f"{airflow_url}/api/v2/monitor/health", timeout=10) as answer:
            report: dict[str, Any] = json.load(answer)
    except (OSError, ValueError):
        return {}
    return report
