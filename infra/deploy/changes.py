"""One line per change of a deployment."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Change:
    """One change, shown before it is made."""

    part: str
    action: str
    detail: str = ""
