"""Read the snapshots, without a connection to Redshift."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from lakeport.snapshots import objects
from lakeport.snapshots.extending import extended

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_READERS = 16


class Summaries:
    """The summaries of all file types; only those that have changed are read again.

    `client` makes the S3 client at first use.  Threads may share an instance: it replaces what it knows as a whole.
    """

    def __init__(self, client: Callable[[], S3Client]) -> None:
        self._client = client
        self._known: dict[tuple[str, str], dict[str, Any]] = {}

    def read(self) -> list[dict[str, Any]]:
        """Return the summary of each file type, ordered by name."""
        s3, known = self._client(), self._known
        current = sorted(objects.keys_under(s3, objects.SUMMARIES).items())
        changed = [each for each in current if each not in known]
        with ThreadPoolExecutor(_READERS) as pool:
            read = dict(zip(changed, pool.map(lambda each: objects.read(s3, each[0]), changed), strict=True))
        self._known = {each: found for each in current if (found := known.get(each) or read.get(each)) is not None}
        return list(self._known.values())


def read_type(s3: S3Client, name: str | None) -> dict[str, Any] | None:
    """Return the whole snapshot of a file type with what has changed since it was written, or None."""
    with ThreadPoolExecutor(1) as pool:
        read = pool.submit(objects.read, s3, objects.summary_key(name))
        whole = objects.read(s3, objects.type_key(name))
        summary = read.result()
    if summary and whole and summary.get("complete_at", "") > whole["as_of"]:
        whole = objects.read(s3, objects.type_key(name))  # it was replaced between the two
    return extended(whole, summary) if whole else None
