"""Check the permissions on the buckets without leaving an object in landing or in the archive."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from lakeport import settings
from lakeport.files import archiving, object_content, s3_objects
from lakeport.model import CopySource
from lakeport.probing.answers import Answer, Found, Question, Verdict
from lakeport.probing.copy_probe import FOLDER

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_BODY = b"check of the archive"
_FIRST_FILES = 5
_CHANGED = ("NoSuchKey", "InvalidRange")  # archived since it was listed, or without bytes
_UNREADABLE = (
    "tasks cannot load this file if it is for them, nor others with its KMS key: enable the key, or name it in the "
    "deployment's YAML, or allow s3:GetObject in the bucket's policy; see docs/runbook.md#messages-of-aws"
)
_IN_COLD_STORAGE = (
    "tasks cannot load this file if it is for them: it is in S3 Glacier or an archive tier; restore it, copy it over "
    "itself, and let no lifecycle rule move files that wait"
)
_DENIED = {"403", "AccessDenied", "Forbidden", "AllAccessDisabled"}


@dataclass(frozen=True)
class BucketProbe:
    """The check of the buckets; `occasion` makes the names of its objects unique."""

    s3: S3Client
    occasion: str

    def answers(self) -> Iterator[Answer]:
        """Yield an answer to each question."""
        landing = {_landing_title(name): bucket for name, bucket in settings.landing_buckets().items()}
        buckets = landing | {"archive": settings.archive_bucket(), "work": settings.work_bucket()}
        for name, bucket in buckets.items():
            yield Question(f"List the {name} bucket", "allowed", self._list).ask(bucket)
        for name, bucket in landing.items():
            yield Question(f"Read the first files in the {name} bucket", "allowed", self._read_first).ask(bucket)
        written = Question("Write to the work bucket, which keeps versions", "a version", self._write).ask(
            buckets["work"]
        )
        yield written
        source = CopySource(buckets["work"], self._key, written.answered, len(_BODY), "none")
        questions = list[tuple[Question[CopySource], CopySource]]()
        for name, bucket in landing.items():
            gone = replace(source, bucket=bucket)
            questions.append((Question(f"Read a version of the {name} bucket", "allowed", self._read_absent), gone))
            remove = Question(f"Remove a version from the {name} bucket", "allowed", self._remove_absent)
            questions.append((remove, gone))
        archive = Question("Copy a version to the archive, read it and remove it", "the same bytes", self._archive)
        questions.append((archive, source))
        for question, subject in questions:
            is_written = written.verdict is Verdict.EXPECTED
            yield question.ask(subject) if is_written else question.not_asked("the work bucket has no version to copy")

    @property
    def _key(self) -> str:
        return f"{FOLDER}/{self.occasion}.txt"

    def _list(self, bucket: str) -> Found:
        self.s3.list_objects_v2(Bucket=bucket, MaxKeys=1)
        return Found("allowed")

    def _read_first(self, bucket: str) -> Found:
        """Read a byte of the first files: the KMS key with which one was written may be lost or disabled."""
        files = self.s3.list_objects_v2(Bucket=bucket, MaxKeys=_FIRST_FILES).get("Contents", [])
        for each in files:
            try:
                self.s3.get_object(Bucket=bucket, Key=each["Key"], Range="bytes=0-0")["Body"].close()
            except ClientError as error:
                code = error.response["Error"]["Code"]
                if code not in _CHANGED:
                    meaning = _IN_COLD_STORAGE if code == "InvalidObjectState" else _UNREADABLE
                    return Found(f"{code} for {each['Key']!a:.200}", meaning, Verdict.WARNING)
        return Found("allowed" if files else "no file is there")

    def _write(self, bucket: str) -> Found:
        """Write an object to the work bucket, whose objects expire, and return its version."""
        version = self.s3.put_object(Bucket=bucket, Key=self._key, Body=_BODY).get("VersionId")
        if version is None:
            return Found("no version", "turn on the versioning of the work bucket", Verdict.FAILED)
        return Found(version)

    def _read_absent(self, source: CopySource) -> Found:
        """Read a version that is not there: without the permission, S3 answers 403 instead of 404."""
        return _allowed(partial(s3_objects.is_there, self.s3, source))

    def _remove_absent(self, source: CopySource) -> Found:
        return _allowed(partial(archiving.remove_version, self.s3, source))

    def _archive(self, source: CopySource) -> Found:
        bucket = settings.archive_bucket()
        copy = replace(source, bucket=bucket, version_id=archiving.archive(self.s3, source, bucket, self._key))
        with object_content.opened(self.s3, copy) as stream:
            is_same = stream.read() == _BODY
        archiving.remove_version(self.s3, copy)
        if is_same:
            return Found("the same bytes, removed")
        return Found("other bytes", "files cannot be archived; report this table", Verdict.FAILED)


def _landing_title(name: str) -> str:
    return "landing" if name == settings.DEFAULT_LANDING else f"{name} landing"


def _allowed(request: Callable[[], object]) -> Found:
    """Send a request about an absent object; only a missing permission is an error."""
    try:
        request()
    except ClientError as error:
        if error.response["Error"]["Code"] in _DENIED:
            raise
        return Found(f"allowed ({error.response['Error']['Code']})")
    return Found("allowed")
