"""Read a sample by its inferred schema, with the readers of a load, and collect everything that would be rejected."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

from lakeport.arrivals.publishing import reason_to_reject
from lakeport.errors import UnloadableFile
from lakeport.files.compression import decompressed
from lakeport.files.streams import Readable
from lakeport.files.transcoding import utf8_stream
from lakeport.inference.fitting import objections_to
from lakeport.preparing.limits import Allowance
from lakeport.preparing.prepare import converted, members
from lakeport.preparing.records import records_of
from lakeport.preparing.rows import Record
from lakeport.preparing.selected_lines import RecentLines, selected_lines
from lakeport.schema.file_format import ConvertedFormat, Format
from lakeport.schema.file_type import FileType
from lakeport.schema.record_formats import Json
from lakeport.schema.text_format import TextFormat
from lakeport.schema.text_formats import Delimited
from lakeport.schema.xml_format import Xml
from lakeport.wording import share

_MAX_ROWS = 2_000_000
_VALUES_IN_MEMORY = 50_000
_SHOWN_CHARACTERS = 60


@dataclass
class Trial:
    """The rows of a sample that a load would reject, by column or for the whole row, and why it would load nothing.

    `columns` has one reason for each column whose values do not fit, `longest_bytes` their greatest length, and
    `first_lines` the first line with each of the `reasons`; `rows` were read.
    """

    rows: int = 0
    rejected: int = 0
    refusal: str = ""
    columns: dict[str, str] = field(default_factory=dict)
    longest_bytes: dict[str, int] = field(default_factory=dict)
    reasons: Counter[str] = field(default_factory=Counter)
    first_lines: dict[str, int] = field(default_factory=dict)

    @property
    def is_complete(self) -> bool:
        """Return whether every row would be loaded."""
        return not self.refusal and not self.rejected

    def problems(self) -> list[str]:
        """Return what a person has to know, one line for each reason."""
        if self.refusal:
            return [f"a load would refuse this file: {self.refusal}"]
        return [
            f"a load would reject {share(rows, self.rows, 'row')}: {reason}; first in line {self.first_lines[reason]:,}"
            for reason, rows in self.reasons.most_common()
        ]

    def reject(self, line: int, reason: str) -> None:
        """Count a rejected row."""
        self.rejected += 1
        self.reasons[reason] += 1
        self.first_lines.setdefault(reason, line)


def rehearse(file_type: FileType, sample: Path) -> Trial:
    """Read a sample as a load would read it.

    Only text, workbooks and JSON have values that may not fit: the other formats carry their types.
    """
    trial = Trial()
    if reason := reason_to_reject(file_type, sample):
        trial.refusal = reason
    elif isinstance(file_type.format, ConvertedFormat) and (
        file_type.format.has_rows or isinstance(file_type.format, Json)
    ):
        try:
            with sample.open("rb") as file:
                _try(trial, file_type, file, sample)
        except UnloadableFile as error:
            trial.refusal = str(error)
    return trial


def _try(trial: Trial, file_type: FileType, file: Any, sample: Path) -> None:
    objection = _objection(file_type)
    for text, name in _texts(file_type, file, sample):
        for record in islice(records_of(text, file_type, name), _MAX_ROWS - trial.rows):
            trial.rows += 1
            if problem := record.problem or _bad_quotes(file_type.copied, record.raw):
                trial.reject(record.line, problem)
            elif not isinstance(file_type.format, Json):
                _check(trial, record, objection)


def _check(trial: Trial, record: Record, objection: Callable[[str, str | None], str]) -> None:
    found = [(name, value, reason) for name, value in record.values.items() if (reason := objection(name, value))]
    for name, value, reason in found:
        quoted = "" if value is None else f"value {value[:_SHOWN_CHARACTERS]!r}: "
        trial.columns.setdefault(name, f"{quoted}{reason}")
        size = len((value or "").encode("utf-8", "surrogatepass"))
        trial.longest_bytes[name] = max(trial.longest_bytes.get(name, 0), size)
    if found:
        name, _, reason = found[0]
        trial.reject(record.line, f"column {name}: {reason}")


def _bad_quotes(format_: Format, line: str) -> str:
    """Return why REMOVEQUOTES would reject a line: a field that begins with a quote must end with the same one."""
    if not isinstance(format_, Delimited) or not format_.removequotes:
        return ""
    edge = re.escape(format_.delimiter_character)
    begun = re.findall(rf"(?:^|(?<={edge}))['\"]", line)
    whole = re.findall(rf"(?:^|(?<={edge}))(['\"])[^\n]*?\1(?={edge}|$)", line)
    return "" if len(begun) == len(whole) else "a field begins with a quote and does not end with it"


def _objection(file_type: FileType) -> Callable[[str, str | None], str]:
    format_ = file_type.copied
    if not isinstance(format_, ConvertedFormat):
        return lambda *_: ""
    checks = {column.name: objections_to(column, format_) for column in file_type.file_columns}
    return lru_cache(_VALUES_IN_MEMORY)(lambda name, value: checks[name](value))


def _texts(file_type: FileType, file: Any, sample: Path) -> Iterator[tuple[Readable, str]]:
    """Yield each member of the file in UTF-8, as COPY reads it."""
    format_ = file_type.format
    allowance = Allowance(sample.name, sample.stat().st_size)
    for member in members(decompressed(file, format_.compression), format_, allowance):
        name = f"{sample.name}: {member.name}" if member.name else sample.name
        text: Any = converted(member.stream, file_type, name)
        if selected := selected_lines(text, format_, name, RecentLines()):
            text = selected.stream
        copied = file_type.copied
        is_text = isinstance(copied, TextFormat) and not isinstance(format_, Xml)  # which has its own encoding
        yield utf8_stream(text, copied.text_encoding) if is_text else text, name
