"""Find conflicts between schemas: two that match the same file, two that disagree on one table."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import combinations, permutations, product
from pathlib import Path

from lakeport.schema.file_type import FileType
from lakeport.schema.key_pattern import captured
from lakeport.schema.places import Place, label
from lakeport.schema.reader import line_of

# What a load of each mode does to the rows of another type in the same table.
_TAKES_AWAY = {
    "truncate": "deletes all other rows",
    "replace": "puts a new table in the old one's place",
    "slice": "replaces all rows of the file's slices",
    "history": "ends versions by key",
    "merge": "replaces rows by key, which a load of another type may insert again at the same time",
}
_STAR = ("x", "", "2024-01-31")
_MAX_PROBES = 60


def problems_between(types: Mapping[Path, FileType]) -> Iterator[str]:
    """Yield the conflicts between schemas that are valid on their own.

    Each is reported for the schema to change, and for the later one if either may change.
    """
    for (first, one), (second, other) in combinations(sorted(types.items()), 2):
        is_same_bucket = one.landing.bucket == other.landing.bucket
        if is_same_bucket and (probe := shared_key(one.landing.pattern, other.landing.pattern)):
            yield _at(
                second,
                ("landing", "pattern"),
                f"{other.landing.pattern} and {one.landing.pattern} of {label(first)} both match {probe}, "
                "which would be Rejected; make the patterns differ",
            )
        if one.table.name != other.table.name:
            continue
        for (here, mine), (there, theirs) in permutations([(second, other), (first, one)]):
            if what := _TAKES_AWAY.get(mine.table.mode):
                yield _at(
                    here,
                    ("table", "mode"),
                    f"is {mine.table.mode}, by which a load {what}, but {mine.table.name} is also the table of "
                    f"{label(there)} (mode {theirs.table.mode}); give each its own table, or both mode: append",
                )
        if difference := _difference(one, other):
            yield _at(
                second,
                ("table", "name"),
                f"{other.table.name} is also the table of {label(first)}, but {difference}; "
                "make the columns the same, or give it another table",
            )


def shared_key(one: str, other: str) -> str | None:
    """Return a key that both patterns match, or None if no probe is one."""
    if not _may_meet(one, other):
        return None
    probes = (probe for pattern in (one, other) for probe in _probes(pattern, other if pattern is one else one))
    return next(
        (probe for probe in probes if all(captured(pattern, probe) is not None for pattern in (one, other))), None
    )


def _may_meet(one: str, other: str) -> bool:
    """Return whether the text before the first wildcards allows a common key."""
    before = [re.split(r"[*?\[{]", pattern, maxsplit=1)[0] for pattern in (one, other)]
    return before[0].startswith(before[1]) or before[1].startswith(before[0])


def _probes(pattern: str, other: str) -> Iterator[str]:
    """Yield keys that a pattern matches; the other pattern's text is tried for stars too."""
    words = [word for word in re.split(r"\{[^}]*\}|[*?/\[\]]+", other) if word]
    parts = [_choices(part, words) for part in re.split(r"(\{[^}]*\}|\*\*/?|\*|\?|\[[^\]]*\])", pattern) if part]
    for number, key_parts in enumerate(product(*parts)):
        if number >= _MAX_PROBES * len(parts):
            return
        yield "".join(key_parts)


def _choices(part: str, words: list[str]) -> list[str]:
    if part.startswith("**"):
        return ["", "a/"] if part.endswith("/") else ["x", *words]
    if part.startswith("{"):
        dated = part[1:-1].partition(":")[2]
        return [datetime(2024, 1, 31, tzinfo=UTC).strftime(dated)] if dated else ["x", "2024-01-31", *words]
    if part == "*":
        return [*_STAR, *words]
    if part == "?":
        return ["x", "1"]
    return [part[1]] if part.startswith("[") and len(part) > 2 else [part]  # noqa: PLR2004 - brackets


def _difference(one: FileType, other: FileType) -> str:
    mine, theirs = ({column.name: str(column.type) for column in each.table_columns} for each in (other, one))
    for name in [*mine, *theirs]:
        if mine.get(name) != theirs.get(name):
            return f"{name} is {mine.get(name, 'missing')} here and {theirs.get(name, 'missing')} there"
    return ""


def _at(path: Path, place: Place, sentence: str) -> str:
    return f"{label(path)}:{line_of(path, place)}: {'.'.join(map(str, place))}: {sentence}"
