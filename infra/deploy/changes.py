"""What a deployment would change, as one line each."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Change:
    """One change, said before it is made."""

    part: str
    action: str
    detail: str = ""
