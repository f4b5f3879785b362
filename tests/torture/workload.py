"""File types and files for torture: every row of every file is known, and like no other."""

from __future__ import annotations

import hashlib
import io
import itertools
import json
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache

import yaml

from local.aws import names
from tests.support.client_side_files import envelope
from tests.support.pgp_files import Keys
from tests.torture.history import Row, Target

MAX_REJECTED = 2
RETRIES = 4
KEYS = 7
"""How many keys there are: files share them, so that `merge` and `slice` have something to replace."""
_BY_KEY: dict[str, dict[str, object]] = {"merge": {"key": ["k"]}, "slice": {"slice": ["k"]}}
_LANDING = ("default", "partners")
_BY_KEY["history"] = {"key": ["k"], "history": {"from": "landed_at"}}
_EXTRAS: dict[str, dict[str, object]] = {"deletes": {"deletes": "op = 'D'"}, "snapshot": {"snapshot": True}}
_FORMATS: dict[str, dict[str, object]] = {
    "csv": {"type": "csv", "header_lines": 1},
    "xml": {"type": "xml", "row": "row"},
    "record types": {"type": "csv", "lines": {"H": "skip", "D": "data", "T": "skip"}},
}
_ENCRYPTIONS = {"pgp": {"key": "receiver", "signer": "sender"}, "client_side": {"key": "master"}}


@dataclass(frozen=True)
class Kind:
    """What a file type is like, and which files a way brings to it."""

    mode: str = "append"
    select: str = "all"
    compression: str = "none"
    max_files: int | None = None
    files: tuple[str, ...] = ("good", "one bad row")
    warns: bool = False
    schedule: str = "on_arrival"
    extra: str = ""
    """deletes, snapshot, or checks that reject rows."""
    format: str = "csv"
    """csv, xml, or csv with record types."""
    encryption: str = ""
    """pgp or client_side."""
    is_given_up: bool = False
    """Whether registration gives up the events of its files, so that only the dead-letter queue has them."""

    @property
    def suffix(self) -> str:
        """Return the end of the names of its files."""
        return f".{self.format[:3]}" + ".zip" * (self.compression == "zip") + ".pgp" * (self.encryption == "pgp")

    @property
    def has_op(self) -> bool:
        """Return whether its files have a column of operations."""
        return self.extra in ("deletes", "checks")

    def __str__(self) -> str:
        words = [self.mode, self.select]
        words += [self.compression] if self.compression != "none" else []
        words += [f"max_files {self.max_files}"] if self.max_files else []
        words += ["warns"] if self.warns else []
        words += [self.schedule] if self.schedule != "on_arrival" else []
        words += [self.format] if self.format != "csv" else []
        words += filter(None, [self.extra, self.encryption, "dead letters" * self.is_given_up])
        return ", ".join(words) + (": " + " + ".join(self.files))


@dataclass(frozen=True)
class Content:
    """A file's bytes and what is in them."""

    body: bytes
    rows: tuple[Row, ...]
    bad_lines: tuple[tuple[int, str], ...]
    deleted: tuple[str, ...] = ()
    metadata: dict[str, str] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """Return a digest that distinguishes it from every other content."""
        return hashlib.sha256(self.body).hexdigest()


@dataclass
class Source:
    """Where rows come from: no id is ever given twice."""

    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def file(self, what: str, kind: Kind | None = None) -> Content:
        """Make a file: good, with one bad row, with too many of them, or with a header that does not fit."""
        kind, is_misfit = kind or Kind(), what == "bad header"
        count = {"good": 4, "one bad row": 4, "too many bad rows": MAX_REJECTED + 3, "bad header": 2, "empty": 0}[what]
        first, records, bad = next(self.numbers), list[dict[str, str]](), set[int]()
        for place in range(count):
            number = first if place == 0 else next(self.numbers)
            if (what == "too many bad rows" and place > 0) or (what == "one bad row" and place == 2):
                bad.add(place)
            fields = {"id": f"{'x' if place in bad else ''}{number}", "token": f"t{number}"}
            fields["k"] = str((first + place) % KEYS)
            records.append(fields | ({"op": _op(kind, count, place)} if kind.has_op else {}))
        lines, texts = _written(kind, records, is_misfit=is_misfit)
        good = [each for place, each in enumerate(records) if place not in bad and not is_misfit]
        refused = [(-1, json.dumps(each)) for each in good if each.get("op") == "X"]
        packed = _packed(("\n".join(lines) + "\n").encode(), kind.compression)
        body, metadata = _encrypted(packed, kind.encryption)
        return Content(
            body,
            # Nothing of a file whose header does not fit may get anywhere.
            tuple((each["token"], each["k"]) for each in good if each.get("op", "U") == "U"),
            (*((place + 2, texts[place]) for place in sorted(bad)), *refused),
            tuple(each["k"] for each in good if each.get("op") == "D"),
            metadata,
        )


def _op(kind: Kind, count: int, place: int) -> str:
    """Return what a row does: in files that may be loaded, the second fails a check, or the last deletes its key."""
    if count <= MAX_REJECTED + 2:
        if kind.extra == "checks" and place == 1:
            return "X"
        if kind.extra == "deletes" and place == count - 1:
            return "D"
    return "U"


def _written(kind: Kind, records: list[dict[str, str]], *, is_misfit: bool) -> tuple[list[str], list[str]]:
    """Return the lines of a file, with the first record in the second line, and the text of each rejected record."""
    texts = [",".join(each.values()) for each in records]
    if kind.format == "xml":
        rows = ["".join(f"<{name}>{value}</{name}>" for name, value in each.items()) for each in records]
        end = [] if is_misfit else ["</rows>"]
        return ["<rows>", *(f"<row>{each}</row>" for each in rows), *end], texts  # COPY reads CSV
    if kind.format == "record types":
        texts = [f"D,{text}" for text in texts]
        return ["H,bank", *texts, f"T,{len(texts)}"], texts
    header = "id,token," + ("other" if is_misfit else "k") + (",op" if kind.has_op else "")
    return [header, *texts], texts


def bucket(name: str | None) -> str:
    """Return the landing bucket of a file type: half of the types have the second one."""
    return names.LANDING[_landing(name)]


def _landing(name: str | None) -> str:
    return _LANDING[zlib.crc32((name or "").encode()) % 2]


def schema(
    name: str,
    kind: Kind,
    *,
    table: str = "",
    columns: tuple[str, ...] = (),
    max_rejected: int = MAX_REJECTED,
    retries: int = RETRIES,
) -> str:
    """Return the YAML of a file type of this kind; `columns` are varchars that its files need not have."""
    landing: dict[str, object] = {"bucket": _landing(name), "pattern": f"{name}/*", "select": kind.select}
    if kind.max_files:
        landing["max_files"] = kind.max_files
    rejects = {"fail": max_rejected} | ({"warn": 0} if kind.warns else {})
    described = [("id", "integer"), ("token", "varchar(20)"), ("k", "integer")]
    described += [("op", "char(1)")] if kind.has_op else []
    described += [(column, "varchar(20)") for column in columns]
    if kind.format == "record types":
        described.insert(0, ("record", "char(1)"))
    only_in = {"op": {"only_in": "file"}} if kind.extra == "deletes" else {}
    encryption = {"encryption": {"type": kind.encryption} | _ENCRYPTIONS[kind.encryption]} if kind.encryption else {}
    checks = [{"accepted_values": {"column": "op", "values": ["U"]}, "else": "reject"}]
    table_keys = _BY_KEY.get(kind.mode, {}) | _EXTRAS.get(kind.extra, {})
    return yaml.safe_dump(
        {
            "description": f"Torture: {kind}.",
            "owner": "tests",
            "landing": landing,
            "format": _FORMATS[kind.format] | {"compression": kind.compression} | encryption,
            "table": {"name": table or f"lake.{name}", "mode": kind.mode} | table_keys,
            "columns": [
                {"name": each, "type": type_, "description": each, "required": each == "k"} | only_in.get(each, {})
                for each, type_ in described
            ],
            "checks": checks if kind.extra == "checks" else [],
            "drift": "ignore" if kind.format == "csv" else "refuse",
            "rejects": rejects,
            "schedule": kind.schedule,
            "wait": {"every": "1s", "for": "1s"},
            "retries": retries,
            "alerts": {"slack": "#torture"},
        },
        sort_keys=False,
    )


def target(name: str, kind: Kind, table: str = "", max_rejected: int = MAX_REJECTED) -> Target:
    """Return what the checker needs about the type."""
    return Target(name, table or f"lake.{name}", kind.mode, kind.select, kind.extra == "snapshot", max_rejected)


def _packed(body: bytes, compression: str) -> bytes:
    if compression != "zip":
        return body
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(zipfile.ZipInfo("inside.csv"), body)
    return packed.getvalue()


@cache
def keys() -> Keys:
    """Return the keys of encrypted files, whose secrets are `receiver` and `sender`."""
    return Keys()


def _encrypted(body: bytes, encryption: str) -> tuple[bytes, dict[str, str]]:
    if encryption == "client_side":
        return envelope(body)
    return (keys().encrypted(body, keys().sender) if encryption else body), {}
