"""Which file type an arrived object is of: folder, name, format and size, without reading the object.

The Lambda works from the published index of schemas, so this module knows neither YAML nor AWS.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import PurePosixPath

from lakeport.model import Match
from lakeport.schema.key_pattern import captured

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
    on_arrival: bool = True
    """Whether an arrival starts a run; otherwise one comes at its time."""

    @property
    def folder(self) -> str:
        """Return the pattern's part before its last slash."""
        return self.pattern.rpartition("/")[0]

    def matches(self, key: str) -> bool:
        """Say whether the key is one of this type's."""
        return captured(self.pattern, key) is not None

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

    def starts_run(self, file_type: str) -> bool:
        """Say whether a run starts when a file of this type arrives."""
        return all(rule.on_arrival for rule in self.rules if rule.file_type == file_type)

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
