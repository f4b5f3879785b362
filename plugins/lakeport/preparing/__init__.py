"""Make objects COPY can read from files it cannot: unpacked, converted, streamed in bounded memory.

Nothing a file says of itself is trusted: names, sizes and numbers of members are counted as they come.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING

from lakeport import landing
from lakeport.copy_source import CopySource
from lakeport.file_format import Format
from lakeport.preparing.archives import Member, members_of
from lakeport.preparing.limits import Allowance
from lakeport.preparing.streams import upload

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def prepare(s3: S3Client, format_: Format, source: CopySource, to_bucket: str, to_prefix: str) -> str:
    """Write what COPY shall read in the file's place, and a list of it, whose key is returned.

    Safe to repeat: the same file gives the same objects, and the list is written last.  Raises UnloadableFile where
    the file cannot be what its schema says, or is larger inside than any real file.
    """
    allowance = Allowance.of(source)
    with _members(s3, format_, source, allowance) as members:
        prepared = [
            upload(s3, member.stream, CopySource(to_bucket, f"{to_prefix}/{number}", None, 0, "none", member.name))
            for number, member in enumerate(members, start=1)
        ]
    key = f"{to_prefix}/list.json"
    s3.put_object(Bucket=to_bucket, Key=key, Body=json.dumps([asdict(each) for each in prepared]).encode())
    return key


def listed(s3: S3Client, bucket: str, key: str) -> tuple[CopySource, ...]:
    """Return what `prepare` wrote."""
    with s3.get_object(Bucket=bucket, Key=key)["Body"] as body:
        return tuple(CopySource(**each) for each in json.load(body))


@contextmanager
def _members(s3: S3Client, format_: Format, source: CopySource, allowance: Allowance) -> Iterator[Iterator[Member]]:
    with landing.opened(s3, source) as stream:
        yield members_of(stream, format_, allowance)
