"""Which file type an arrived object is of: folder, name, format and size, without reading the object.

The Lambda works from the published index of schemas, so this module knows neither YAML nor AWS.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields
from fnmatch import translate
from functools import lru_cache
from pathlib import PurePosixPath

_COMPRESSION_OF = {".gz": "gzip", ".bz2": "bzip2", ".zst": "zstd", ".lzo": "lzop", ".zip": "zip"}
_COMPRESSION_OF |= {".tar": "tar", ".tgz": "tar.gz"}
_TYPES_OF = {
    ".csv": {"csv", "delimited"},
    ".tsv": {"csv", "delimited"},
    ".psv": {"csv", "delimited"},
    ".json": {"json"},
    ".jsonl": {"json"},
    ".ndjson": {"json"},
    ".parquet": {"parquet"},
    ".orc": {"orc"},
    ".avro": {"avro"},
    ".xlsx": {"xlsx"},
    ".xlsm": {"xlsx"},
    ".xls": set[str](),
}


@dataclass(frozen=True)
class ArrivalRule:
    """What registration must know of one file type."""

    file_type: str
    pattern: str
    format_type: str
    compression: str

    @property
    def folder(self) -> str:
        """Return the pattern's part before its last slash."""
        return self.pattern.rpartition("/")[0]

    def matches(self, key: str) -> bool:
        """Say whether the key is one of this type's."""
        return fits(self.pattern, key)

    def objection(self, key: str, size_bytes: int) -> str | None:
        """Return why a matching object cannot be of this type, or None."""
        if size_bytes == 0:
            return "the file is empty (0 bytes)"
        suffixes = [suffix.lower() for suffix in PurePosixPath(key).suffixes]
        compression = _compression(suffixes)
        if compression != self.compression:
            return f"the name says compression {compression}, file type {self.file_type} takes {self.compression}"
        known = next((_TYPES_OF[suffix] for suffix in reversed(suffixes) if suffix in _TYPES_OF), None)
        if known is not None and self.format_type not in known:
            return f"the name says no {self.format_type}, which file type {self.file_type} takes"
        return None


def _compression(suffixes: Sequence[str]) -> str:
    if suffixes[-2:] == [".tar", ".gz"]:
        return "tar.gz"
    return _COMPRESSION_OF.get(suffixes[-1], "none") if suffixes else "none"


@dataclass(frozen=True)
class Match:
    """The file type of an object, and why it is rejected where it is."""

    file_type: str | None
    rejected_because: str | None = None


@dataclass(frozen=True)
class ArrivalIndex:
    """All file types' rules, in the order of their names."""

    rules: tuple[ArrivalRule, ...]

    @classmethod
    def from_json(cls, text: str | bytes) -> ArrivalIndex:
        """Read an index that `to_json` wrote; what a newer one says beyond what this version knows is passed over."""
        known = {field.name for field in fields(ArrivalRule)}
        rules = json.loads(text)["file_types"]
        return cls(tuple(ArrivalRule(**{key: rule[key] for key in known & rule.keys()}) for rule in rules))

    def to_json(self) -> str:
        """Write the index for the Lambda; the same rules give the same bytes."""
        return json.dumps({"file_types": [asdict(rule) for rule in self.rules]}, indent=1)

    def match(self, key: str, size_bytes: int) -> Match:
        """Find the one type that takes the object, or say why none does."""
        if key.endswith("/"):
            return Match(None, "the key is a folder marker, not a file")
        rules = [rule for rule in self.rules if rule.matches(key)]
        if len(rules) == 1:
            return Match(rules[0].file_type, rules[0].objection(key, size_bytes))
        if rules:
            names = ", ".join(rule.file_type for rule in rules)
            return Match(None, f"more than one file type takes this key: {names}; make their landing.pattern differ")
        return Match(None, _unmatched(key, self.rules))


def _unmatched(key: str, rules: Sequence[ArrivalRule]) -> str:
    folder = key.rpartition("/")[0]
    here = [rule for rule in rules if rule.folder == folder]
    if here:
        patterns = ", ".join(f"{rule.pattern} ({rule.file_type})" for rule in here)
        return f"no file type takes this name; folder {folder}/ takes {patterns}"
    folders = ", ".join(sorted({f"{rule.folder}/" for rule in rules})) or "none"
    return f"no file type takes folder {folder or '(root)'}{'/' if folder else ''}; known folders: {folders}"


def fits(pattern: str, key: str) -> bool:
    """Match a glob folder by folder, going back only to the last `**`, so that no key makes a pattern slow."""
    steps, names = _steps(pattern), key.split("/")
    step = name = 0
    after_folders: tuple[int, int] | None = None
    while name < len(names):
        matches = steps[step] if step < len(steps) else _nothing
        if matches is None:
            step += 1
            after_folders = (step, name)
        elif matches(names[name]):
            step, name = step + 1, name + 1
        elif after_folders:
            step, name = after_folders = (after_folders[0], after_folders[1] + 1)
        else:
            return False
    return not any(steps[step:])


@lru_cache(maxsize=4096)
def _steps(pattern: str) -> tuple[Callable[[str], object] | None, ...]:
    parts = pattern.split("/")
    parts += ["*"] if parts[-1] == "**" else []
    return tuple(None if part == "**" else re.compile(translate(part)).match for part in parts)


def _nothing(_name: str) -> bool:
    return False
