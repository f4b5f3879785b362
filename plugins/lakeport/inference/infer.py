"""Infer a schema from a sample file, as a person would write it after reading every row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, count, takewhile
from pathlib import Path

from lakeport.errors import SampleError, SchemaError
from lakeport.inference import choosing
from lakeport.inference.draft import Draft
from lakeport.inference.drafting import draft as drafted
from lakeport.inference.reading import Reading
from lakeport.inference.rehearsal import Trial, rehearse
from lakeport.inference.sample_kinds import BY_RECORD_TYPE, Read
from lakeport.inference.sample_kinds import read as read_in

DEFAULT_ROWS = 200_000
_ROUNDS = 3

__all__ = ["DEFAULT_ROWS", "Draft", "infer"]


def infer(
    path: Path, *, name: str | None = None, most_rows: int | None = DEFAULT_ROWS, has_header: bool | None = None
) -> Draft:
    """Return the schema of a sample; None as `most_rows` reads all of it.

    The sample is read again by its schema, as a load reads it: `unsolved` of the draft is what would not be loaded.
    Raises SampleError with what to do if the file cannot be loaded unchanged.
    """
    best: tuple[int, Draft] | None = None
    by_record_type = read_in(path, most_rows, has_header, BY_RECORD_TYPE)
    others = takewhile(bool, (read_in(path, most_rows, has_header, way) for way in count()))
    for read in filter(None, chain([by_record_type], others)):
        draft, trial = _solved(path, read, name)
        if trial.is_complete:
            return replace(draft, unsolved=(*read.reading.problems, *_too_long(draft, read.reading)))
        rejected = trial.rows + 1 if trial.refusal else trial.rejected
        if best is None or rejected < best[0]:
            best = rejected, replace(draft, unsolved=tuple(trial.problems()))
    if best is None:
        raise SampleError(f"{path}: the file has no rows; use a sample that has some")
    return best[1]


def _too_long(draft: Draft, reading: Reading) -> Iterator[str]:
    """Yield the texts that no varchar takes, of formats whose values a rehearsal does not read."""
    most = choosing.MAX_VARCHAR_BYTES
    for column in draft.columns:
        longest = reading.profiles[column.name].longest_bytes
        if longest > most and column.type.startswith("varchar"):
            yield f"column {column.name}: a text has {longest:,} bytes, a varchar takes at most {most:,}"


def _solved(path: Path, read: Read, name: str | None) -> tuple[Draft, Trial]:
    """Return a draft and what a load would do with the sample; columns whose values do not fit become text."""
    reading = read.reading
    for _ in range(_ROUNDS):
        draft = drafted(path, read, name)
        try:
            trial = rehearse(draft.file_type(), path)
        except SchemaError as error:
            problems = "; ".join(error.problems)
            raise SampleError(f"{path}: no valid schema describes the file: {problems}") from error
        found = {column: reason for column, reason in trial.columns.items() if column not in reading.texts}
        if not found:
            break
        for column, reason in found.items():
            if "required" in reason:
                reading.nullable.add(column)
            else:
                reading.texts[column] = reason
                profile = reading.profiles[column]
                profile.longest_bytes = max(profile.longest_bytes, trial.longest_bytes[column])
    return draft, trial
