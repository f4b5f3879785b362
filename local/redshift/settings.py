"""What the stand-in is told at its start."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Settings:
    host: str
    port: int
    postgres_host: str
    postgres_port: int
    s3_endpoint: str
    database: str
    user: str
    isolation: str
    """snapshot or serializable."""
    superuser: str
    superuser_password: str
    user_password: str
    certificate: Path | None = None
    """Where to write the TLS certificate for clients that check it."""
    is_serverless: bool = False

    @property
    def error_view(self) -> str:
        """Return the view a failed load points to."""
        return "sys_load_error_detail" if self.is_serverless else "stl_load_errors"

    @property
    def replacements_view(self) -> str:
        """Return the view a load with replacements points to."""
        return "sys_copy_replacements" if self.is_serverless else "stl_replacements"

    @property
    def engine_isolation(self) -> str:
        """Return PostgreSQL's name for the level: its repeatable read is snapshot isolation."""
        return "serializable" if self.isolation == "serializable" else "repeatable read"
