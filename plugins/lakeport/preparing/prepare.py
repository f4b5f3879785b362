"""Convert files that COPY cannot read into objects that it can: unpack and convert them in bounded memory.

What a file declares is not trusted: members and bytes are counted while they are read.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from typing import IO, TYPE_CHECKING

from lakeport import settings
from lakeport.errors import UnloadableFile
from lakeport.files import archiving, object_content
from lakeport.files.streams import Readable, stream_of
from lakeport.files.transcoding import in_utf8
from lakeport.model import CopySource
from lakeport.preparing.archives import Member, members_of
from lakeport.preparing.decryption import decryption
from lakeport.preparing.json_arrays import objects_of
from lakeport.preparing.limits import Allowance, Counted
from lakeport.preparing.python_transform import PythonTransform
from lakeport.preparing.rejections import origins_written, write_rejected
from lakeport.preparing.selected_lines import selected_lines
from lakeport.preparing.transfer import upload
from lakeport.schema.encodings import UTF8
from lakeport.schema.facts import FileFacts
from lakeport.schema.file_format import Format
from lakeport.schema.file_type import FileType
from lakeport.schema.record_formats import Json
from lakeport.schema.workbook_format import Xlsx

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def prepare(
    s3: S3Client,
    file_type: FileType,
    source: CopySource,
    to_bucket: str,
    to_prefix: str,
    *,
    facts: FileFacts | None = None,
) -> str:
    """Write the objects that COPY reads instead of the file, and a list of them; return the list's key.

    A Python transform receives the `facts`.  Safe to repeat: the same file results in the same objects (if its
    transform is deterministic), and the list is written last.  Raises UnloadableFile if the file does not have the
    format of its schema or unpacks to too many bytes, and TransformFailed if its transform fails.
    """
    try:
        prepared = list(_prepared(s3, file_type, source, CopySource(to_bucket, to_prefix, None, 0, "none"), facts))
    except BaseException:
        if file_type.format.encryption:  # what was written is plain text that nothing vouches for
            archiving.remove_all_versions(s3, to_bucket, f"{to_prefix}/")
        raise
    key = f"{to_prefix}/list.json"
    s3.put_object(Bucket=to_bucket, Key=key, Body=json.dumps([asdict(each) for each in prepared]).encode())
    return key


def _prepared(
    s3: S3Client, file_type: FileType, source: CopySource, folder: CopySource, facts: FileFacts | None
) -> Iterator[CopySource]:
    """Write the objects below a folder and yield them."""
    format_ = file_type.format
    inside, made = Allowance.of(source), Allowance.of(source)
    function = PythonTransform.of(file_type, facts)
    with object_content.opened(s3, source, decryption(format_.encryption, source.uri)) as stream:
        for number, member in enumerate(members(stream, format_, inside), start=1):
            name = f"{source.uri}: {member.name}" if member.name else source.uri
            target = replace(folder, key=f"{folder.key}/{number}", member=member.name)
            given = function.bytes_of(member, name) if function.takes_bytes else member.stream
            text = converted(given, file_type, name)
            if function.takes_rows:
                yield function.upload_rows(s3, text, target, made, name)
            else:
                yield _upload(s3, text, format_, target, name=name, allowance=made)


@contextmanager
def plain_text_removed(s3: S3Client, file_type: FileType, file_ids: Iterable[str]) -> Iterator[None]:
    """Remove what was prepared of encrypted files when the block ends, however it ends."""
    try:
        yield
    finally:
        for prefix in [f"{folder}/{each}/" for each in file_ids for folder in ("prepared", "lossless")]:
            if file_type.format.encryption:
                archiving.remove_all_versions(s3, settings.work_bucket(), prefix)


def listed(s3: S3Client, bucket: str, key: str) -> tuple[CopySource, ...]:
    """Return the objects that `prepare` wrote."""
    with s3.get_object(Bucket=bucket, Key=key)["Body"] as body:
        return tuple(CopySource(**each) for each in json.load(body))


def members(stream: IO[bytes], format_: Format, allowance: Allowance) -> Iterator[Member]:
    """Yield the files of an archive that the format selects, or the file itself."""
    if format_.is_archive:
        return members_of(stream, format_, allowance)
    return iter([Member("", Counted(stream, allowance))])


def converted(stream: Readable, file_type: FileType, name: str) -> Readable:
    """Return a file's content as COPY reads it; raises UnloadableFile, while it is read, if that is not possible."""
    format_ = file_type.format
    # A function that takes rows reads only UTF-8; COPY reads some more encodings itself.
    if format_.is_transcoded or (file_type.transform.has_rows_function and format_.text_encoding != UTF8):
        stream = stream_of(_transcoded(stream, format_, name))
    if isinstance(format_, Xlsx):
        from lakeport.preparing.workbooks import rows_as_csv  # noqa: PLC0415 - commands start without openpyxl

        in_message = file_type.rejects.values_in_message
        stream = stream_of(rows_as_csv(stream, format_, file_type.file_columns, name, in_message=in_message))
    if isinstance(format_, Json) and format_.layout == "array":
        stream = stream_of(objects_of(stream, file_type, name))
    return stream


def _upload(
    s3: S3Client, text: Readable, format_: Format, target: CopySource, *, name: str, allowance: Allowance
) -> CopySource:
    """Write the file as COPY reads it; with selected lines, also the rejected lines and where each line came from."""
    with origins_written(s3, target) as origins:
        selected = selected_lines(text, format_, name, origins)
        made = upload(s3, Counted(selected.stream if selected else text, allowance), target)
    if not selected:
        return made
    write_rejected(s3, target, selected.rejected)
    return replace(made, has_selected_lines=True)


def _transcoded(stream: Readable, format_: Format, name: str) -> Iterator[bytes]:
    try:
        yield from in_utf8(stream, format_.text_encoding)
    except UnicodeError as error:
        remedy = "set format.encoding to the encoding of the file"
        raise UnloadableFile(f"{name} is not valid text in {format_.text_encoding}: {error}; {remedy}") from error
