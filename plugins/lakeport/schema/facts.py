"""The facts about a file that its transform can use."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from lakeport.model import RegisteredFile
from lakeport.schema.file_type import FileType
from lakeport.schema.key_pattern import capture_formats, captured

CAPTURED = "captured_"


@dataclass(frozen=True)
class FileFacts:
    """One registered file, as a transform sees it.

    `captured` has what the pattern captures in the key: a datetime where it is a date, otherwise text.
    """

    file_type: str
    file_id: str
    bucket: str
    key: str
    version_id: str | None
    etag: str
    size_bytes: int
    landed_at: datetime
    run_id: str
    captured: dict[str, str | datetime] = field(default_factory=dict)

    @classmethod
    def of(cls, file_type: FileType, file: RegisteredFile, run_id: str) -> FileFacts:
        """Return the facts of a file in a run."""
        pattern = file_type.landing.pattern
        formats, values = capture_formats(pattern), captured(pattern, file.key) or {}
        found = {name: _moment(value, formats[name]) if formats[name] else value for name, value in values.items()}
        known = {name: value for name, value in asdict(file).items() if name in cls.__dataclass_fields__}
        return cls(file_type.name, **known, run_id=run_id, captured=found)

    def bound(self) -> dict[str, Any]:
        """Return what an SQL transform may name as %(key)s: the fields, and each capture as captured_<name>."""
        values = {name: value for name, value in asdict(self).items() if name != "captured"}
        return values | {f"{CAPTURED}{name}": value for name, value in self.captured.items()}


def names_of_facts(file_type: FileType) -> list[str]:
    """Return the names that `bound` has for files of this type."""
    own = [name for name in FileFacts.__dataclass_fields__ if name != "captured"]
    return own + [f"{CAPTURED}{name}" for name in capture_formats(file_type.landing.pattern)]


def _moment(value: str, format_: str) -> datetime:
    return datetime.strptime(value, format_)  # noqa: DTZ007 - neither a key nor a TIMESTAMP has a time zone
