"""The nouns that every package shares: arrivals, registered files, their statuses, and what COPY reads."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


@dataclass(frozen=True)
class CopySource:
    """One object that COPY reads: where it is, which version and how many bytes."""

    bucket: str
    key: str
    version_id: str | None
    size_bytes: int
    compression: str
    member: str = ""
    """Which file of an archive it was made from."""
    rows_taken: int | None = None
    """How many rows of the file a Python transform took to make it; None where there is none."""

    @property
    def origins_key(self) -> str:
        """Return where stands from which line of the file each of its rows came."""
        return f"{self.key}.origins"

    @property
    def rejected_key(self) -> str:
        """Return where the rows stand that were rejected before COPY."""
        return f"{self.key}.rejected"

    @property
    def uri(self) -> str:
        """Return the object's s3:// address."""
        return f"s3://{self.bucket}/{self.key}"


class Status(StrEnum):
    """Where a file is on its way."""

    NEW = "New"
    IN_PROGRESS = "In Progress"
    DONE = "Done"
    FAIL = "Fail"
    FILTERED_OUT = "Filtered Out"
    REJECTED = "Rejected"


@dataclass(frozen=True)
class TaskRun:
    """The task that moves a status or loads a file."""

    dag_id: str
    run_id: str
    task_id: str
    try_number: int = 1


@dataclass(frozen=True)
class RegisteredFile:
    """A file as registered: what every step after the sensor needs to know of it."""

    file_id: str
    bucket: str
    key: str
    version_id: str | None
    etag: str
    size_bytes: int
    landed_at: datetime
    archive_bucket: str | None = None
    archive_key: str | None = None
    archive_version_id: str | None = None

    @classmethod
    def from_xcom(cls, values: Mapping[str, Any]) -> RegisteredFile:
        """Read what `to_xcom` wrote."""
        return cls(**{**values, "landed_at": datetime.fromisoformat(values["landed_at"])})

    def source(self, compression: str = "none") -> CopySource:
        """Return what a load reads: the landed object, or its copy in the archive where it is replayed from there.

        `compression` is what is to be undone when it is read.
        """
        if self.archive_bucket is None or self.archive_key is None:
            return self.landed(compression)
        place = (self.archive_bucket, self.archive_key, self.archive_version_id)
        return CopySource(*place, self.size_bytes, compression)

    def landed(self, compression: str = "none") -> CopySource:
        """Return the object as it landed."""
        return CopySource(self.bucket, self.key, self.version_id, self.size_bytes, compression)

    def to_xcom(self) -> dict[str, Any]:
        """Return the file as JSON can carry it from task to task."""
        return {**asdict(self), "landed_at": self.landed_at.isoformat()}


@dataclass(frozen=True)
class Arrival:
    """One object version that landed; `landed_at` is the event's time in UTC, without zone, as Redshift keeps it."""

    bucket: str
    key: str
    version_id: str | None
    etag: str
    size_bytes: int
    landed_at: datetime
    sequencer: str

    @property
    def file_id(self) -> str:
        """Identify the object version: equal for every delivery of its event."""
        version = self.version_id or f"{self.etag}\n{self.sequencer}"
        return hashlib.sha256(f"{self.bucket}\n{self.key}\n{version}".encode()).hexdigest()


@dataclass(frozen=True)
class Match:
    """The file type of an object, and why it is rejected where it is."""

    file_type: str | None
    rejected_because: str | None = None
