"""Make objects COPY can read from files it cannot: unpacked, converted, streamed in bounded memory.

Nothing a file says of itself is trusted: names, sizes and numbers of members are counted as they come.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import IO, TYPE_CHECKING

from lakeport import landing
from lakeport.copy_source import CopySource
from lakeport.errors import UnloadableFile
from lakeport.file_format import Format
from lakeport.file_type import FileType
from lakeport.preparing.archives import Member, members_of
from lakeport.preparing.json_arrays import objects_of
from lakeport.preparing.limits import Allowance, Counted
from lakeport.preparing.transfer import upload
from lakeport.preparing.workbooks import rows_as_csv
from lakeport.streams import Readable, stream_of
from lakeport.text_encoding import in_utf8

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def prepare(s3: S3Client, file_type: FileType, source: CopySource, to_bucket: str, to_prefix: str) -> str:
    """Write what COPY shall read in the file's place, and a list of it, whose key is returned.

    Safe to repeat: the same file gives the same objects, and the list is written last.  Raises UnloadableFile where
    the file cannot be what its schema says, or is larger inside than any real file.
    """
    format_ = file_type.format
    inside, made = Allowance.of(source), Allowance.of(source)
    with landing.opened(s3, source) as stream:
        prepared = [
            upload(
                s3,
                Counted(_converted(member, file_type, source.uri), made),
                CopySource(to_bucket, f"{to_prefix}/{number}", None, 0, "none", member.name),
            )
            for number, member in enumerate(_members(stream, format_, inside), start=1)
        ]
    key = f"{to_prefix}/list.json"
    s3.put_object(Bucket=to_bucket, Key=key, Body=json.dumps([asdict(each) for each in prepared]).encode())
    return key


def listed(s3: S3Client, bucket: str, key: str) -> tuple[CopySource, ...]:
    """Return what `prepare` wrote."""
    with s3.get_object(Bucket=bucket, Key=key)["Body"] as body:
        return tuple(CopySource(**each) for each in json.load(body))


def _members(stream: IO[bytes], format_: Format, allowance: Allowance) -> Iterator[Member]:
    if format_.is_archive:
        return members_of(stream, format_, allowance)
    return iter([Member("", Counted(stream, allowance))])


def _converted(member: Member, file_type: FileType, uri: str) -> Readable:
    format_ = file_type.format
    name = f"{uri}: {member.name}" if member.name else uri
    stream = member.stream
    if format_.is_transcoded:
        stream = stream_of(_transcoded(stream, format_, name))
    if format_.type == "xlsx":
        stream = stream_of(rows_as_csv(stream, file_type, name))
    if format_.layout == "array":
        stream = stream_of(objects_of(stream, name))
    return stream


def _transcoded(stream: Readable, format_: Format, name: str) -> Iterator[bytes]:
    try:
        yield from in_utf8(stream, format_.encoding)
    except UnicodeError as error:
        raise UnloadableFile(f"{name} is no text in {format_.encoding}: {error}") from error
