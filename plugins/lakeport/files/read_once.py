"""Read a small object by one call of S3 for the several steps that look into it: calls take longer than its bytes."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from lakeport.model import CopySource

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_SMALL_BYTES = 1 << 20


def read_once(s3: S3Client, sources: Sequence[CopySource]) -> S3Client:
    """Return a client that keeps these objects once it has read them, or the same client if they are not small."""
    is_small = sum(source.size_bytes for source in sources) <= _SMALL_BYTES
    return cast("S3Client", _ReadOnce(s3)) if is_small else s3


class _ReadOnce:
    """A client whose answers about an object are those of the first call that reads it."""

    def __init__(self, s3: S3Client) -> None:
        self._s3 = s3
        self._kept: dict[tuple[str, str, str | None], dict[str, Any]] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._s3, name)

    def head_object(self, *, Bucket: str, Key: str) -> Any:  # noqa: N803 - boto3's names
        """Read the current version, which is the registered one unless the object was overwritten."""
        answer: Any = self._s3.get_object(Bucket=Bucket, Key=Key)
        with answer["Body"]:
            self._keep((Bucket, Key, answer.get("VersionId")), answer)
        return answer

    def get_object(self, **place: Any) -> Any:
        """Return the object as boto3 does; ranges and what is larger than registered are not kept."""
        of_version = place["Bucket"], place["Key"], place.get("VersionId")
        if of_version not in self._kept:
            answer: Any = self._s3.get_object(**place)
            if "Range" in place or not self._keep(of_version, answer):
                return answer
        kept = self._kept[of_version]
        return {**kept, "Body": io.BytesIO(kept["Body"])}

    def _keep(self, of_version: tuple[str, str, str | None], answer: Any) -> bool:
        if answer["ContentLength"] > _SMALL_BYTES:
            return False
        self._kept[of_version] = {**answer, "Body": answer["Body"].read()}
        return True
