"""Reconcile the landing buckets: register objects that no event registered, archive finished files that are left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import Any

from botocore.exceptions import ClientError
from psycopg2.extensions import cursor

from lakeport import settings
from lakeport.arrivals.registration import Registration, register_arrivals
from lakeport.files import s3_objects
from lakeport.files.s3_objects import ObjectVersion
from lakeport.loading.finishing import archive
from lakeport.mng import file_records
from lakeport.model import Arrival, RegisteredFile, Status
from lakeport.recovery.reconcile.reconciliation import Finding, Reconciliation
from lakeport.redshift.rows import fetch_rows, from_row
from lakeport.redshift.sql_files import statement

NOT_LISTED = "landing bucket cannot be reconciled"
NOT_REGISTERED = "in landing, but no event registered it"
STILL_IN_LANDING = "still in landing"
_FINISHED = (Status.DONE, Status.FILTERED_OUT)
_NO_VERSION_ACTION = (
    "not fixed: the object has no version id, so its event may still come; "
    "switch on versioning for the bucket, then copy the object onto itself"
)


def reconcile_landing(reconciliation: Reconciliation) -> None:
    """Register unregistered objects as the Lambda would, and archive files that are Done or Filtered Out.

    A bucket that cannot be listed is a finding, and the others are reconciled all the same.
    """
    for bucket in settings.landing_buckets().values():
        try:
            _reconcile_bucket(reconciliation, bucket)
        except ClientError as error:
            reconciliation.report_failure(NOT_LISTED, "", f"s3://{bucket}/", error)


def _reconcile_bucket(reconciliation: Reconciliation, bucket: str) -> None:
    for page in s3_objects.version_pages(reconciliation.s3, bucket):
        arrivals = {arrival.file_id: arrival for arrival in map(_arrival, page) if arrival.version_id}
        if arrivals:
            known = reconciliation.warehouse.transaction(partial(file_records.registered, file_ids=tuple(arrivals)))
            _register(reconciliation, [arrival for file_id, arrival in arrivals.items() if file_id not in known])
            _archive_finished(reconciliation, [id_ for id_, (_, status) in known.items() if status in _FINISHED])
        _report_unversioned(reconciliation, [each for each in page if not each.version_id])


def _arrival(found: ObjectVersion) -> Arrival:
    place = (found.bucket, found.key, found.version_id, found.etag, found.size_bytes)
    return Arrival(*place, landed_at=found.modified_at, sequencer="")


def _register(reconciliation: Reconciliation, unknown: Sequence[Arrival]) -> None:
    ripe = [arrival for arrival in unknown if arrival.landed_at <= reconciliation.ripe_before]
    reconciliation.is_open |= len(ripe) < len(unknown)
    if not ripe:
        return
    messages, result = [(arrival.file_id, [arrival]) for arrival in ripe], Registration()
    register_arrivals(messages, reconciliation.index, reconciliation.warehouse, result)
    reconciliation.registered |= {file_id for file_ids in result.new_files.values() for file_id in file_ids}
    ids = tuple(arrival.file_id for arrival in ripe)
    registered = reconciliation.warehouse.transaction(partial(file_records.registered, file_ids=ids))
    for arrival in ripe:
        name, status = registered.get(arrival.file_id, ("", None))
        action = f"registered as {status}" if status else "not fixed: Redshift refused to register it; see the log"
        subject = settings.shown_key(arrival.bucket, arrival.key)
        finding = Finding(NOT_REGISTERED, name, subject, action, is_fixed=status is not None)
        reconciliation.findings.append(finding)


def _archive_finished(reconciliation: Reconciliation, file_ids: Sequence[str]) -> None:
    if not file_ids:
        return

    def read(current: cursor) -> list[dict[str, Any]]:
        current.execute(statement("mng/files_by_id"), {"file_ids": tuple(file_ids)})
        return fetch_rows(current)

    for row in reconciliation.warehouse.transaction(read):
        if row["status"] in _FINISHED and row["status_at"] <= reconciliation.ripe_before:
            file, type_name = from_row(RegisteredFile, row), row["file_type"]
            work = partial(_archive, reconciliation, type_name, file)
            subject = settings.shown_key(file.bucket, file.key)
            reconciliation.fix(f"{row['status']}, but {STILL_IN_LANDING}", type_name, subject, work)


def _archive(reconciliation: Reconciliation, type_name: str, file: RegisteredFile) -> str:
    archive(reconciliation.warehouse, reconciliation.s3, type_name, [file])
    return "archived"


def _report_unversioned(reconciliation: Reconciliation, found: Sequence[ObjectVersion]) -> None:
    """Report objects without a version id: nothing shows whether their event is still to come."""
    if not found:
        return

    def read(current: cursor) -> Counter[tuple[str, str]]:
        keys = tuple(each.key for each in found)
        current.execute(statement("mng/unversioned_files"), {"bucket": found[0].bucket, "keys": keys})
        return Counter(current.fetchall())

    known = reconciliation.warehouse.transaction(read)
    for each in found:
        if not known[each.key, each.etag] and each.modified_at <= reconciliation.ripe_before:
            subject = settings.shown_key(each.bucket, each.key)
            finding = Finding(NOT_REGISTERED, "", subject, _NO_VERSION_ACTION, is_fixed=False)
            reconciliation.findings.append(finding)
