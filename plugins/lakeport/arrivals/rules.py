"""Match an arrived object to a file type by folder, name, format and size, without reading the object.

The Lambda reads the published index of schemas, so this module uses neither YAML nor AWS.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from difflib import get_close_matches
from pathlib import PurePosixPath
from typing import Any

from lakeport import settings
from lakeport.model import Match
from lakeport.schema.key_pattern import captured, without_encryption

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
    ".xml": {"xml"},
    ".xlsx": {"xlsx"},
    ".xlsm": {"xlsx"},
    ".xls": set[str](),
}

_UNKNOWN_BUCKET = (
    "its bucket is not a landing bucket of this deployment; add it to landing_buckets in the deployment's YAML, "
    "or remove its notification"
)
_RENAME = "rename the file, or change the schema"
_MAX_FOLDERS = 10
_MAX_SHOWN = 5


@dataclass(frozen=True)
class ArrivalRule:
    """The part of a schema that registration needs."""

    file_type: str
    pattern: str
    format_type: str
    compression: str
    on_arrival: bool = True
    """Whether an arrival starts a run; if not, runs start on a cron schedule."""
    encryption: str = ""
    """The type of format.encryption."""
    bucket: str = settings.DEFAULT_LANDING
    """The landing bucket of the type, by its name in schemas."""

    @property
    def folder(self) -> str:
        """Return the part of the pattern before its last slash."""
        return self.pattern.rpartition("/")[0]

    @property
    def plain_folder(self) -> str:
        """Return the folder without `**`, which any number of folders match, none included."""
        return "/".join(part for part in self.folder.split("/") if part != "**")

    def takes_folder_of(self, key: str) -> bool:
        """Return whether a file of this type may be in the folder of the key, whatever its name is."""
        return captured(f"{self.folder}/*".lstrip("/"), key) is not None

    def matches(self, key: str) -> bool:
        """Return whether the key matches the pattern of this type."""
        return captured(self.pattern, key) is not None

    def reason_to_reject(self, key: str, size_bytes: int) -> str | None:
        """Return why an object that matches the pattern cannot be of this type, or None."""
        if size_bytes == 0:
            return "the file is empty (0 bytes); ask the sender for a file with rows"
        plain = without_encryption(key.lower())
        if plain != key.lower() and self.encryption != "pgp":
            found = f"extension {key[len(plain) :]} means OpenPGP"
            other = f"file type {self.file_type} has no format.encryption of type pgp"
            return f"{found}, but {other}; {_RENAME}"
        suffixes = PurePosixPath(plain).suffixes
        compression = _compression(suffixes)
        if compression != self.compression:
            found = f"extension {''.join(suffixes[-2:]) or '(none)'} means compression {compression}"
            other = f"format.compression of file type {self.file_type} is {self.compression}"
            return f"{found}, but {other}; {_RENAME}"
        suffix = next((suffix for suffix in reversed(suffixes) if suffix in _TYPES_OF), None)
        if suffix and self.format_type not in _TYPES_OF[suffix]:
            format_type = f"format.type {self.format_type} of file type {self.file_type}"
            return f"extension {suffix} does not fit {format_type}; {_RENAME}"
        return None


def index_json(file_types: Sequence[Mapping[str, Any]], **record: Any) -> str:
    """Return the index as JSON; a deployment adds a `record` of what it published."""
    return json.dumps({"file_types": file_types, **record}, indent=1)


def _compression(suffixes: Sequence[str]) -> str:
    if suffixes[-2:] == [".tar", ".gz"]:
        return "tar.gz"
    return _COMPRESSION_OF.get(suffixes[-1], "none") if suffixes else "none"


@dataclass(frozen=True)
class ArrivalIndex:
    """The rules of all file types, ordered by name."""

    rules: tuple[ArrivalRule, ...]

    @classmethod
    def from_json(cls, text: str | bytes) -> ArrivalIndex:
        """Read an index that `to_json` wrote; ignore keys that only a newer version knows."""
        known = {field.name for field in fields(ArrivalRule)}
        rules = json.loads(text)["file_types"]
        return cls(tuple(ArrivalRule(**{key: rule[key] for key in known & rule.keys()}) for rule in rules))

    def to_json(self) -> str:
        """Return the index as JSON; the same rules result in the same bytes."""
        return index_json([asdict(rule) for rule in self.rules])

    def starts_run(self, file_type: str) -> bool:
        """Return whether a run starts when a file of this type arrives."""
        return all(rule.on_arrival for rule in self.rules if rule.file_type == file_type)

    def match(self, key: str, size_bytes: int, bucket: str | None = settings.DEFAULT_LANDING) -> Match:
        """Return the one file type that matches the object, or the reason to reject it.

        `bucket` is the name of its landing bucket in schemas, None if the deployment does not have that bucket.
        """
        if bucket is None:
            return Match(None, _UNKNOWN_BUCKET)
        if key.endswith("/"):
            return Match(
                None,
                "the key ends with /, so it is a folder marker; to load a file, use a key that does not end with /",
            )
        among = [rule for rule in self.rules if rule.bucket == bucket]
        rules = [rule for rule in among if rule.matches(key)]
        if len(rules) == 1:
            return Match(rules[0].file_type, rules[0].reason_to_reject(key, size_bytes))
        if rules:
            names = ", ".join(rule.file_type for rule in rules)
            remedy = "make their landing.pattern differ, then replay the file"
            return Match(None, f"the key matches more than one file type: {names}; {remedy}")
        elsewhere = [rule for rule in self.rules if rule.bucket != bucket and rule.matches(key)]
        reason, remedy = _unmatched(key, among)
        if elsewhere:
            remedy = "move the file to the other bucket, or change landing.bucket"
        return Match(None, f"{reason}{_of_bucket(bucket, elsewhere)}; {remedy}")


def _unmatched(key: str, rules: Sequence[ArrivalRule]) -> tuple[str, str]:
    """Return why no file type of a bucket matches the key, and what to do."""
    folder = key.rpartition("/")[0]
    here = [rule for rule in rules if rule.takes_folder_of(key)]
    if here:
        patterns = ", ".join(f"{rule.pattern} ({rule.file_type})" for rule in here[:_MAX_SHOWN])
        reason = f"the name matches no file type; patterns for folder {folder}/: {patterns}{_more(here)}"
        is_case = any(captured(rule.pattern.lower(), key.lower()) is not None for rule in here)
        return reason + "; upper and lower case differ" * is_case, "rename the file, or change landing.pattern"
    folders = sorted({f"{rule.folder}/" for rule in rules})
    nearest = folders if len(folders) <= _MAX_FOLDERS else get_close_matches(f"{folder}/", folders, _MAX_SHOWN, 0)
    known = f"{', '.join(nearest) or 'none'}{_more(folders, len(nearest))}"
    reason = f"no file type reads from folder {folder or '(root)'}{'/' if folder else ''}; known folders: {known}"
    return reason, "move the file to a known folder, or add a file type" if folders else "add a file type"


def _of_bucket(bucket: str, elsewhere: Sequence[ArrivalRule]) -> str:
    """Return which landing bucket a reason is about, unless it is the only one that matters."""
    here = f"; this is landing bucket '{bucket}'" if elsewhere or bucket != settings.DEFAULT_LANDING else ""
    others = ", ".join(f"{rule.file_type} ({rule.bucket})" for rule in elsewhere[:_MAX_SHOWN])
    return f"{here}; file types that match in another bucket: {others}{_more(elsewhere)}" if others else here


def _more(found: Sequence[object], listed: int = _MAX_SHOWN) -> str:
    return f" and {len(found) - listed} more" if len(found) > listed else ""
