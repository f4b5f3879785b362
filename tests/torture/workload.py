"""File types and files for torture: every row of every file is known, and like no other."""

from __future__ import annotations

import hashlib
import io
import itertools
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

import yaml

from local.aws import names
from tests.torture.history import Row, Target

MAX_REJECTED = 2
RETRIES = 4
KEYS = 7
"""How many keys there are: files share them, so that `merge` and `slice` have something to replace."""
HEADER = "id,token,k"
_BY_KEY: dict[str, dict[str, object]] = {"merge": {"key": ["k"]}, "slice": {"slice": ["k"]}}
_LANDING = dict(zip(names.LANDING_BUCKETS, ("default", "partners"), strict=True))
_BY_KEY["history"] = {"key": ["k"], "history": {"from": "landed_at"}}


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

    def __str__(self) -> str:
        words = [self.mode, self.select]
        words += [self.compression] if self.compression != "none" else []
        words += [f"max_files {self.max_files}"] if self.max_files else []
        words += ["warns"] if self.warns else []
        words += [self.schedule] if self.schedule != "on_arrival" else []
        return ", ".join(words) + (": " + " + ".join(self.files))


@dataclass(frozen=True)
class Content:
    """A file's bytes and what is in them."""

    body: bytes
    rows: tuple[Row, ...]
    bad_lines: tuple[tuple[int, str], ...]

    @property
    def digest(self) -> str:
        """Return a digest that distinguishes it from every other content."""
        return hashlib.sha256(self.body).hexdigest()


@dataclass
class Source:
    """Where rows come from: no id is ever given twice."""

    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def file(self, what: str, compression: str = "none") -> Content:
        """Make a file: good, with one bad row, with too many of them, or with a header that does not fit."""
        rows, bad, lines = [], [], [HEADER if what != "bad header" else "id,token,other"]
        count = {"good": 4, "one bad row": 4, "too many bad rows": MAX_REJECTED + 3, "bad header": 2, "empty": 0}[what]
        first = next(self.numbers)
        for place in range(count):
            number = first if place == 0 else next(self.numbers)
            token, key = f"t{number}", str((first + place) % KEYS)
            is_bad = (what == "too many bad rows" and place > 0) or (what == "one bad row" and place == 2)
            lines.append(f"{'x' if is_bad else ''}{number},{token},{key}")
            if is_bad:
                bad.append((len(lines), lines[-1]))
            else:
                rows.append((token, key))
        body = ("\n".join(lines) + "\n").encode()
        # Nothing of a file whose header does not fit may get anywhere.
        return Content(_packed(body, compression), () if what == "bad header" else tuple(rows), tuple(bad))


def bucket(name: str | None) -> str:
    """Return the landing bucket of a file type: half of the types have the second one."""
    return names.LANDING_BUCKETS[zlib.crc32((name or "").encode()) % 2]


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
    landing: dict[str, object] = {"bucket": _LANDING[bucket(name)], "pattern": f"{name}/*", "select": kind.select}
    if kind.max_files:
        landing["max_files"] = kind.max_files
    rejects = {"fail": max_rejected} | ({"warn": 0} if kind.warns else {})
    described = [("id", "integer"), ("token", "varchar(20)"), ("k", "integer")]
    described += [(column, "varchar(20)") for column in columns]
    return yaml.safe_dump(
        {
            "description": f"Torture: {kind}.",
            "owner": "tests",
            "landing": landing,
            "format": {"type": "csv", "header_lines": 1, "compression": kind.compression},
            "table": {"name": table or f"lake.{name}", "mode": kind.mode} | _BY_KEY.get(kind.mode, {}),
            "columns": [
                {"name": each, "type": type_, "description": each, "required": each == "k"} for each, type_ in described
            ],
            "drift": "ignore",
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
    return Target(name, table or f"lake.{name}", kind.mode, kind.select, max_rejected)


def _packed(body: bytes, compression: str) -> bytes:
    if compression != "zip":
        return body
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(zipfile.ZipInfo("inside.csv"), body)
    return packed.getvalue()
