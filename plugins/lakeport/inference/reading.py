"""The result of reading a sample of any format."""

from __future__ import annotations

from dataclasses import dataclass, field

from lakeport.inference.encodings import Encoding
from lakeport.inference.profile import Profile


@dataclass
class Reading:
    """The format's keys, a profile for each column, and notes for a person.

    `types`, `remarks` and `nullable` come from the file's own schema; `widths` are those of fixed-width columns;
    `places` are where an XML document has the values of columns, if not at their names.
    `texts` are columns whose values a rehearsal found not to fit their type, each with the reason; `notations`
    are numbers of JSON that COPY may write in another form as text; `problems` are what no schema solves.
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
    places: dict[str, str] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    notations: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    encoding: Encoding = field(default_factory=Encoding)
    ignores_fields: bool = False
    """Whether the file has fields that no column takes."""
