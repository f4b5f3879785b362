"""What reading a sample found, whatever its format."""

from __future__ import annotations

from dataclasses import dataclass, field

from lakeport.inference.profile import Profile


@dataclass
class Reading:
    """A format's keys, a profile a column, and what a person should know.

    `types`, `remarks` and `nullable` are what the file itself says of columns, `widths` what fixed-width columns take.
    """

    format: dict[str, object]
    profiles: dict[str, Profile]
    rows: int = 0
    is_whole: bool = True
    headers: dict[str, str] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)
    remarks: dict[str, str] = field(default_factory=dict)
    nullable: set[str] = field(default_factory=set)
    widths: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    encoding: str = "utf-8"
