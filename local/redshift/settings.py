"""The settings with which the stand-in starts."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Undocumented:
    """How the stand-in answers where AWS's documentation is silent or contradicts itself.

    The defaults are the convenient answers, `HOSTILE` the others.  A client must work with both.
    """

    views_late_seconds: float = 0
    """How long after a COPY the load views show it, even to its own session."""
    are_ids_different: bool = False
    """Whether query_id in SYS views differs from pg_last_copy_id()."""
    unknown_lines: str = "none"
    """For which errors the load views show line number -1: none, split (a second half of each file) or all."""
    conflict_wording: str = "1023"
    """What a write conflict is called: 1023 (documented for SERIALIZABLE) or concurrent (reported for SNAPSHOT)."""
    is_first_statement_cancelled: bool = False
    """Whether the first statement after a while without clients fails with 57014, as it may after a resume; SET does
    not count."""


HOSTILE = Undocumented(
    views_late_seconds=2,
    are_ids_different=True,
    unknown_lines="split",
    conflict_wording="concurrent",
    is_first_statement_cancelled=True,
)


@dataclass(frozen=True, kw_only=True)
class Faults:
    """What is wrong around the stand-in: a wrong deployment or a bad network, not a reading of the documentation."""

    missing_permission: str = "none"
    """What Redshift may not do: assume the role of COPY (role), read objects of S3 (read), or read and list (s3)."""
    silent_after: int | None = None
    """After how many statements a connection goes silent, BEGIN and COMMIT counted; with 0 it never begins."""
    silent_during: int | None = None
    """During which statement a connection goes silent, counted from 1."""


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
    undocumented: Undocumented = Undocumented()
    faults: Faults = Faults()

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
