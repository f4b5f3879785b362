"""The nouns that every package shares: arrivals, registered files, their statuses, and the objects COPY reads."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

NO_VERSION = "null"
"""The version id that S3 shows for an object of a bucket without versioning."""
DAG_ID_PREFIX = "load_"


def dag_id_of(file_type_name: str) -> str:
    """Return the id of the DAG that loads a file type."""
    return f"{DAG_ID_PREFIX}{file_type_name}"


def file_type_of(dag_id: str) -> str:
    """Return the name of the file type that a DAG loads."""
    return dag_id.removeprefix(DAG_ID_PREFIX)


def utc_now() -> datetime:
    """Return the current time in UTC without a time zone, as Redshift stores it."""
    return datetime.now(UTC).replace(tzinfo=None)


def as_utc(moment: datetime) -> datetime:
    """Convert a time that has a time zone to UTC without one, as Redshift stores it."""
    return moment.astimezone(UTC).replace(tzinfo=None)


@dataclass(frozen=True)
class CopySource:
    """One object that COPY reads: its place, version and size."""

    bucket: str
    key: str
    version_id: str | None
    size_bytes: int
    compression: str
    member: str = ""
    """The file of an archive that this object was made from."""
    rows_taken: int | None = None
    """Rows that a Python transform read from the file to write this object; None without such a transform."""
    has_selected_lines: bool = False
    """Whether only some lines of the file were written to this object; `origins_key` maps each to its line."""

    @property
    def origins_key(self) -> str:
        """Return the key of the object that maps each row, or each line, to its line in the file."""
        return f"{self.key}.origins"

    @property
    def rejected_key(self) -> str:
        """Return the key of the object with the rows that were rejected before COPY."""
        return f"{self.key}.rejected"

    @property
    def uri(self) -> str:
        """Return the object's s3:// address."""
        return f"s3://{self.bucket}/{self.key}"


class Status(StrEnum):
    """The status of a file."""

    NEW = "New"
    IN_PROGRESS = "In Progress"
    DONE = "Done"
    FAIL = "Fail"
    FILTERED_OUT = "Filtered Out"
    REJECTED = "Rejected"


@dataclass(frozen=True)
class TaskRun:
    """One attempt of the task that changes a status or loads a file."""

    dag_id: str
    run_id: str
    task_id: str
    try_number: int = 1


@dataclass(frozen=True)
class RegisteredFile:
    """A row of mng.files, with the columns that the steps after the sensor need."""

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
        """Return the object that a load reads: the landed one, or its copy when the archive holds one.

        `compression` is the compression of the object.
        """
        if self.archive_bucket is None or self.archive_key is None:
            return self.landed(compression)
        place = (self.archive_bucket, self.archive_key, self.archive_version_id)
        return CopySource(*place, self.size_bytes, compression)

    def landed(self, compression: str = "none") -> CopySource:
        """Return the landed object."""
        return CopySource(self.bucket, self.key, self.version_id, self.size_bytes, compression)

    def to_xcom(self) -> dict[str, Any]:
        """Return the file as a JSON value that one task passes to the next."""
        return {**asdict(self), "landed_at": self.landed_at.isoformat()}


@dataclass(frozen=True)
class Arrival:
    """One object version that landed; `landed_at` is the time of the event in UTC, without a time zone."""

    bucket: str
    key: str
    version_id: str | None
    etag: str
    size_bytes: int
    landed_at: datetime
    sequencer: str

    @property
    def file_id(self) -> str:
        """Return an id that is the same for every delivery of the event."""
        version = self.version_id or f"{self.etag}\n{self.sequencer}"
        return hashlib.sha256(f"{self.bucket}\n{self.key}\n{version}".encode()).hexdigest()


@dataclass(frozen=True)
class Match:
    """The file type of an object, or why the object is rejected."""

    file_type: str | None
    rejected_because: str | None = None
