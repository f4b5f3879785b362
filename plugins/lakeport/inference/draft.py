"""A schema inferred from a sample, and its YAML as a person would write it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from lakeport.schema.file_type import FileType
from lakeport.schema.reader import check_text
from lakeport.schema.skeleton import SELECT_ALL
from lakeport.wording import amount

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_ ]*(\(\d+\))?")
_NOT_TEXT = {"yes", "no", "on", "off", "true", "false", "null", "y", "n"}
TO_DO = "TO DO"


@dataclass(frozen=True)
class DraftColumn:
    """One column of a draft; `note` explains a type that is a guess."""

    name: str
    type: str
    is_required: bool = False
    header: str | None = None
    note: str = ""
    width: int | None = None
    lossy: str | None = None
    at: str | None = None


@dataclass(frozen=True)
class Draft:
    """A file type's schema, inferred from a sample; `unsolved` is why the sample would not be loaded completely."""

    name: str
    sample: str
    pattern: str
    rows: int
    is_whole: bool
    format: dict[str, object]
    columns: tuple[DraftColumn, ...]
    format_notes: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    unsolved: tuple[str, ...] = ()
    ignores_fields: bool = False

    def file_type(self) -> FileType:
        """Return the file type that the schema describes; raises SchemaError if `validate` would refuse it."""
        return check_text(Path("schemas", f"{self.name}.yaml"), self.as_yaml())

    def as_yaml(self) -> str:
        """Return the schema's text."""
        return "\n".join(self._lines()) + "\n"

    def as_json(self) -> dict[str, object]:
        """Return the draft as JSON: the schema, the notes on guesses, and how many rows were read."""
        guessed = {column.name: column.note for column in self.columns if column.note}
        notes = {
            "notes": list(self.notes),
            "unsolved": list(self.unsolved),
            "of_format": self.format_notes,
            "of_columns": guessed,
        }
        return {"file_type": self.name, "rows_read": self.rows, "is_whole_file": self.is_whole, **notes} | {
            "schema": {
                "landing": {"pattern": self.pattern, "select": "all"},
                "format": self.format,
                "columns": [_keys(column) for column in self.columns],
                **({"drift": "ignore"} if self.ignores_fields else {}),
            }
        }

    def _lines(self) -> Iterator[str]:
        rows = amount(self.rows, "row")
        whole = "the only row" if self.rows == 1 else f"all {rows}"
        seen = whole if self.is_whole else f"the first {rows}"
        yield "# yaml-language-server: $schema=schema.json"
        yield f"# Inferred from {seen} of {_comment(self.sample)}: check the guesses and complete each {TO_DO}."
        yield from (f"# NOT SOLVED: {_comment(problem)}" for problem in self.unsolved)
        yield from (f"# {_comment(note)}" for note in self.notes)
        yield f'description: "{TO_DO}: what one row of {self.name} is"  # {TO_DO}'
        yield f"owner: to-do@example.com  # {TO_DO}: who is responsible for these files"
        yield "landing:"
        yield f"  pattern: {_quoted(self.pattern)}"
        yield f"  {SELECT_ALL}"
        yield "format:"
        for key, value in self.format.items():
            yield f"  {key}: {_scalar(value)}{_remark(self.format_notes.get(key, ''))}"
        yield "columns:"
        yield from (_column_line(column) for column in self.columns)
        if self.ignores_fields:
            yield "drift: ignore  # the file has fields that are left out, see above"


def _column_line(column: DraftColumn) -> str:
    inner = ", ".join(f"{key}: {_scalar(value)}" for key, value in _keys(column).items())
    return f"  - {{{inner}}}{_remark(column.note)}"


def _keys(column: DraftColumn) -> dict[str, object]:
    keys: dict[str, object] = {"name": column.name}
    if column.header is not None:
        keys["header"] = column.header
    keys["type"] = column.type
    if column.width is not None:
        keys["width"] = column.width
    if column.lossy is not None:
        keys["lossy"] = column.lossy
    if column.at is not None:
        keys["at"] = column.at
    return keys | ({"required": True} if column.is_required else {})


def _scalar(value: object) -> str:
    """Write a value so that YAML reads the same value back: texts that look like another type are quoted."""
    is_plain = (
        isinstance(value, str) and _PLAIN.fullmatch(value) and value == value.strip() and value.lower() not in _NOT_TEXT
    )
    return str(value) if is_plain else _quoted(value)


def _quoted(value: object) -> str:
    """Write a value as JSON that is YAML too, which has no pairs of surrogates for one character."""
    return "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in json.dumps(value, ensure_ascii=False))


def _remark(note: str) -> str:
    return f"  # {_comment(note)}" if note else ""


def _comment(text: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in text)
