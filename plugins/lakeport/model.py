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
