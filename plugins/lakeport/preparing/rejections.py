"""Keep what is known of the rows of a prepared object: those rejected before COPY, and the line of each other one."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from lakeport.model import CopySource
from lakeport.preparing.origins import Origins

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True)
class Rejection:
    """A row that was rejected before COPY."""

    line: int
    column: str
    reason: str
    raw: str


@contextmanager
def origins_written(s3: S3Client, target: CopySource) -> Iterator[Origins]:
    """Write the lines that are noted inside the block, if there are any, beside the object."""
    with tempfile.TemporaryFile() as pairs:
        yield Origins(pairs)
        if pairs.tell():
            pairs.seek(0)
            s3.upload_fileobj(pairs, target.bucket, target.origins_key)


def write_rejected(s3: S3Client, target: CopySource, rejected: Sequence[Rejection]) -> None:
    """Write the rejected rows beside the object."""
    text = json.dumps([asdict(each) for each in rejected])
    s3.put_object(Bucket=target.bucket, Key=target.rejected_key, Body=text.encode(errors="backslashreplace"))


def rejected_rows(s3: S3Client, source: CopySource) -> list[Rejection]:
    """Return the rows that were rejected before COPY."""
    if source.rows_taken is None and not source.has_selected_lines:
        return []
    with s3.get_object(Bucket=source.bucket, Key=source.rejected_key)["Body"] as body:
        return [Rejection(**each) for each in json.load(body)]
