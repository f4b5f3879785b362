"""Which objects of which landing bucket are of a file type, and which of them one run takes."""

import re
from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from lakeport import settings
from lakeport.schema.key_pattern import capture_formats, without_encryption
from lakeport.schema.values import Part

LANDED_AT = "landed_at"
_FILES_A_RUN = 500
_COMPRESSIONS = {".tar.gz": ("tar.gz",), ".tgz": ("tar.gz",), ".tar": ("tar",), ".gz": ("gzip",), ".bz2": ("bzip2",)}
_COMPRESSIONS |= {".zst": ("zstd",), ".lzo": ("lzop",), ".zip": ("zip",)}


class Landing(Part):
    """Which objects of a landing bucket are of this type."""

    bucket: str = settings.DEFAULT_LANDING
    """The landing bucket, by its name in landing_buckets of the deployment's YAML; default is the first one."""
    pattern: Annotated[str, Field(min_length=1, max_length=1024)]
    """Glob on the key: * and ? stay within a folder, ** between slashes matches any folders; {name} captures a part of
    it, {date:%Y-%m-%d} a date."""
    select: Literal["newest", "all"] = "newest"
    """newest loads only the newest of the waiting files, and the others become Filtered Out; all loads every file."""
    newest_by: Annotated[str, Field(validate_default=True)] = LANDED_AT
    """What decides which file is the newest: landed_at, or the name of a capture in pattern."""
    max_files: Annotated[int | None, Field(ge=1, le=10_000)] = None
    """With select: all, the maximum number of files that one run loads; without it 500."""

    @field_validator("bucket")
    @classmethod
    def _is_known(cls, bucket: str) -> str:
        names = settings.landing_names()
        if names and bucket not in names:
            raise ValueError(
                f"is {bucket!r}; allowed: {', '.join(names)} (the landing buckets of the deployment); "
                "add it to landing_buckets in the deployment's YAML and deploy, or use one of these"
            )
        return bucket

    @field_validator("pattern")
    @classmethod
    def _is_relative(cls, pattern: str) -> str:
        if pattern.startswith("/") or pattern.endswith("/"):
            raise ValueError(
                "is a glob on the object's key; remove the slash at its start or end, as in flights/flights_*.csv"
            )
        if any("**" in part and part != "**" for part in pattern.split("/")):
            raise ValueError(
                "contains ** beside other characters; write it alone between slashes, as in flights/**/flights_*.csv"
            )
        capture_formats(pattern)
        return pattern

    @field_validator("newest_by")
    @classmethod
    def _is_captured(cls, newest_by: str, info: ValidationInfo) -> str:
        names = [LANDED_AT, *capture_formats(info.data.get("pattern", ""))]
        if info.data.get("select") == "all" and newest_by != LANDED_AT:
            raise ValueError(
                "is only for select: newest; select: all loads files in the order they landed; remove newest_by"
            )
        if "pattern" in info.data and newest_by not in names:
            raise ValueError(f"is {newest_by!r}; allowed: {', '.join(names)} (a capture {{name}} of pattern)")
        return newest_by

    @field_validator("max_files")
    @classmethod
    def _is_for_all(cls, max_files: int | None, info: ValidationInfo) -> int | None:
        if max_files is not None and info.data.get("select") == "newest":
            raise ValueError("is only for select: all; select: newest loads one file per run; remove max_files")
        return max_files

    def compressions(self) -> tuple[str, ...]:
        """Return the compressions that the end of the pattern allows; empty if the pattern leaves the end open."""
        name = without_encryption(self.pattern.rpartition("/")[2].lower())
        for ending, allowed in _COMPRESSIONS.items():
            if name.endswith(ending):
                return allowed
        return ("none",) if re.search(r"\.[a-z]{3,7}$", name) else ()

    @property
    def files_a_run(self) -> int:
        """Return the maximum number of files that one run loads with `select: all`."""
        return self.max_files or _FILES_A_RUN
