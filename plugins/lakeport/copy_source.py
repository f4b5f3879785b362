"""What COPY reads."""

from __future__ import annotations

from dataclasses import dataclass


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

    @property
    def uri(self) -> str:
        """Return the object's s3:// address."""
        return f"s3://{self.bucket}/{self.key}"
