"""What the stand-in is told at its start."""

from dataclasses import dataclass


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

    @property
    def engine_isolation(self) -> str:
        """Return PostgreSQL's name for the level: its repeatable read is snapshot isolation."""
        return "serializable" if self.isolation == "serializable" else "repeatable read"
