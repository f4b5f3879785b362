"""Find what nobody finished, and finish it: the backstop for lost events, killed processes and lost callbacks.

Everything here looks first and repeats safely: it may run twice, side by side, and be killed at any line.  What is
younger than the grace time is left to those whose work it is.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

import psycopg2
from botocore.exceptions import BotoCoreError, ClientError

from lakeport import settings
from lakeport.airflow_api import DagRunApi
from lakeport.alerts.outbox import Send
from lakeport.arrivals.publishing import published_index
from lakeport.arrivals.rules import ArrivalIndex
from lakeport.errors import LakeportError
from lakeport.redshift.session import Warehouse
from lakeport.schema.file_type import Alerts, FileType
from lakeport.schema.reader import default_alerts, known_file_type

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

log = logging.getLogger(__name__)

GRACE = timedelta(minutes=10)
FAILURES = (LakeportError, psycopg2.Error, ClientError, BotoCoreError, OSError)
"""What may go wrong with one thing and leave the others to be healed."""


@dataclass(frozen=True)
class Finding:
    """Something that was not as it should be, and what was done about it."""

    found: str
    file_type: str
    subject: str
    done: str
    is_healed: bool = True


@dataclass
class Look:
    """One look at everything: what it works with, what it has found, and whether something is still open.

    `send` sends alerts; without it they wait for a look that can.
    """

    warehouse: Warehouse
    s3: S3Client
    api: DagRunApi
    send: Send | None = None
    grace: timedelta = GRACE
    began_at: datetime = field(default_factory=lambda: datetime.now(UTC).replace(tzinfo=None))
    findings: list[Finding] = field(default_factory=list)
    is_open: bool = False
    registered: set[str] = field(default_factory=set)
    """Files that this look has registered as New."""
    has_unsent_alerts: bool = False
    _types: dict[str, FileType | None] = field(default_factory=dict)

    @cached_property
    def index(self) -> ArrivalIndex:
        """Return what registration knows of the schemas; raises NotPublished where it knows nothing."""
        return published_index(self.s3)

    @property
    def ripe_before(self) -> datetime:
        """Return the moment before which something must have happened to be nobody else's work."""
        return self.began_at - self.grace

    def heal(self, found: str, file_type: str, subject: str, work: Callable[[], str]) -> None:
        """Do the work, which says what it did; its failure is a finding too, and stops nothing else."""
        try:
            done = work()
        except FAILURES as error:
            self.fail(found, file_type, subject, error)
            return
        self.findings.append(Finding(found, file_type, subject, done))
        log.info("%s: %s: %s", subject, found, done)

    def fail(self, found: str, file_type: str, subject: str, error: Exception) -> None:
        """Note what could not be healed; where our own error says it all, no traceback is logged."""
        done = f"not healed: {' '.join(str(error).split())}"
        log.error("%s: %s: %s", subject, found, done, exc_info=None if isinstance(error, LakeportError) else error)
        self.findings.append(Finding(found, file_type, subject, done, is_healed=False))

    def file_type(self, name: str) -> FileType | None:
        """Return the file type, or None where its schema is gone or broken; each schema is read once a look."""
        if name not in self._types:
            self._types[name] = known_file_type(name)
        return self._types[name]

    def alerts(self, name: str) -> Alerts:
        """Return who hears of this type's failures; where its schema cannot be read, those whom the defaults name."""
        file_type = self.file_type(name)
        return file_type.alerts if file_type else default_alerts(settings.schemas_folder())
