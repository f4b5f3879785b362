"""One run of reconcile: its connections, the file types it has read, and its findings.

Each fix checks the current state first, so reconcile may run twice, run twice at once, and be killed at any line.  It
leaves anything younger than the grace time to the process that is responsible for it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

import psycopg2
from botocore.exceptions import BotoCoreError, ClientError

from lakeport import settings
from lakeport.airflow_api.dag_runs import DagRunApi
from lakeport.alerts.alert import Alert
from lakeport.alerts.outbox import Run, Send, raise_alert
from lakeport.arrivals.dead_letters import DeadLetter
from lakeport.arrivals.publishing import published_index
from lakeport.arrivals.rules import ArrivalIndex
from lakeport.errors import AlertNotSent, LakeportError, NotPublished, SchemaError
from lakeport.model import utc_now
from lakeport.redshift.session import Warehouse
from lakeport.schema.alerts import Alerts
from lakeport.schema.file_type import FileType
from lakeport.schema.reader import default_alerts, known_file_type, read_file_type
from lakeport.snapshots import objects

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from psycopg2.extensions import cursor

log = logging.getLogger(__name__)

GRACE = timedelta(minutes=10)
NOT_CHECKED = "not checked"
FAILURES = (LakeportError, psycopg2.Error, ClientError, BotoCoreError, OSError)
"""Errors that stop one fix and leave the others to run."""


@dataclass(frozen=True)
class Finding:
    """One problem that reconcile found, and what it did about it."""

    problem: str
    file_type: str
    subject: str
    action: str
    is_fixed: bool = True
    is_alerted: bool = False
    """Whether it has a separate alert."""


@dataclass
class Reconciliation:
    """One run of reconcile.

    `send` sends alerts; without it they wait for a run that can send them.  `is_open` is set when a file or an alert
    still needs a later run.
    """

    warehouse: Warehouse
    s3: S3Client
    api: DagRunApi
    send: Send | None = None
    grace: timedelta = GRACE
    began_at: datetime = field(default_factory=utc_now)
    findings: list[Finding] = field(default_factory=list)
    is_open: bool = False
    registered: set[str] = field(default_factory=set)
    """Ids of the files that this run registered as New."""
    dead_letters: list[DeadLetter] = field(default_factory=list)
    """The events that registration gave up."""
    has_unsent_alerts: bool = False
    _types: dict[str, FileType | None] = field(default_factory=dict)

    @cached_property
    def index(self) -> ArrivalIndex:
        """Return the published index of schemas; raises NotPublished if there is none."""
        return published_index(self.s3)

    @property
    def ripe_before(self) -> datetime:
        """Return the time before which an unfinished change is left to no other process."""
        return self.began_at - self.grace

    @property
    def unalerted(self) -> list[Finding]:
        """Return the findings that could not be fixed and that have no separate alert."""
        return [finding for finding in self.unfixed if not finding.is_alerted]

    @property
    def unfixed(self) -> list[Finding]:
        """Return the findings that could not be fixed."""
        return [finding for finding in self.findings if not finding.is_fixed]

    def fix(self, problem: str, file_type: str, subject: str, work: Callable[[], str]) -> None:
        """Run `work`, which returns what it did; record its failure as a finding and continue."""
        try:
            action = work()
        except FAILURES as error:
            self.report_failure(problem, file_type, subject, error)
            return
        self.findings.append(Finding(problem, file_type, subject, action))
        log.info("%s: %s: %s", subject, problem, action)

    def report_failure(self, problem: str, file_type: str, subject: str, error: Exception) -> None:
        """Record a problem that could not be fixed; log a traceback unless the error is one of Lakeport's."""
        action = f"not fixed: {' '.join(str(error).split())}"
        exc_info = None if isinstance(error, LakeportError) else error
        log.error("%s: %s: %s", subject, problem, action, exc_info=exc_info)
        self.findings.append(Finding(problem, file_type, subject, action, is_fixed=False))

    def raise_alert(self, run: Run, make_alert: Callable[[cursor], Alert | None], receivers: Alerts) -> None:
        """Record an alert and send it; one that is not sent stops nothing, and the step `alerts` reports it."""
        try:
            raise_alert(self.warehouse, run, make_alert, receivers, self.send)
        except AlertNotSent as error:
            log.warning("%s, run %s: %s", *run, error)

    def file_type(self, name: str) -> FileType | None:
        """Return the file type, or None if its schema is missing or invalid; each schema is read once."""
        if name not in self._types:
            self._types[name] = known_file_type(name)
        return self._types[name]

    def has_schema(self, name: str) -> bool:
        """Return whether the file type has a schema here, valid or not, or a published one."""
        if (settings.schemas_folder() / f"{name}.yaml").is_file():
            return True
        try:
            return any(rule.file_type == name for rule in self.index.rules)
        except NotPublished:
            return True

    def schema_problems(self, name: str) -> tuple[str, ...]:
        """Return what is wrong with a schema, also if it was removed here and from the published index."""
        path = settings.schemas_folder() / f"{name}.yaml"
        if not self.has_schema(name):
            discard = settings.planned_command(f"discard --type {name}")
            remedy = f"restore and publish it to load the files, or run {discard}"
            return (f"schemas/{name}.yaml was removed; {remedy}",)
        if self.file_type(name) or not path.is_file():
            return ()
        try:
            read_file_type(path)
        except SchemaError as error:
            return error.problems
        return ()

    def alerts(self, name: str) -> Alerts:
        """Return the alert receivers of the file type, or the default ones if its schema cannot be read."""
        file_type = self.file_type(name)
        return file_type.alerts if file_type else default_alerts(settings.schemas_folder())


def save_findings(reconciliation: Reconciliation, run_id: str) -> None:
    """Keep the findings of a run in the work bucket, where its starter reads them without a connection to Redshift."""
    findings = [asdict(each) for each in reconciliation.findings]
    report = {"run_id": run_id, "findings": findings, "is_open": reconciliation.is_open}
    objects.replace_older(reconciliation.s3, objects.FINDINGS, report, reconciliation.began_at)
