"""Decide whether reconcile needs to query Redshift, which is billed by the minute from its first query.

A run that found nothing and left nothing open saves a checkpoint: when it began, and a digest of the landing buckets.
As long as landing is the same, no load DAG has run since, and no file was replayed, undone or registered, the
mng tables cannot have changed.  Redshift is queried once a day in any case.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from lakeport import settings
from lakeport.airflow_api.dag_runs import LIVE_STATES, DagRunApi, runs
from lakeport.files import s3_objects
from lakeport.model import DAG_ID_PREFIX

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_CHECKPOINT_KEY = "reconcile/settled.json"
_CHANGED_KEY = "reconcile/touched"
_LONGEST_PAUSE = timedelta(days=1)
_MARGIN = timedelta(minutes=15)
"""How long before the checkpoint a change may have begun that the checkpoint does not include."""


def reason_to_query(s3: S3Client, api: DagRunApi, landed: str, now: datetime) -> str | None:
    """Return why Redshift must be queried, or None if nothing can have changed since the checkpoint.

    `landed` is the current `landing_fingerprint`.  Raises AirflowUnavailable if the DAG runs cannot be listed.
    """
    checkpoint = _checkpoint(s3)
    if checkpoint is None:
        return "there is no checkpoint"
    settled_at = datetime.fromisoformat(checkpoint["settled_at"])
    since = settled_at - _MARGIN
    if checkpoint["landed"] != landed:
        return "a landing bucket has changed"
    if now - settled_at > _LONGEST_PAUSE:
        return f"the last query was at {settled_at:%Y-%m-%d %H:%M} UTC"
    if _is_changed_since(s3, since):
        return "files were replayed or undone"
    queries = [{"state": state} for state in LIVE_STATES] + [{"updated_at_gte": f"{since.isoformat()}Z"}]
    for query in queries:
        if any(run.dag_id.startswith(DAG_ID_PREFIX) for run in runs(api, dag_id_pattern=DAG_ID_PREFIX, **query)):
            return "load DAGs have run"
    return None


def landing_fingerprint(s3: S3Client) -> str:
    """Return a digest of all object versions in the landing buckets, and of the errors of those that refuse."""
    digest = hashlib.sha256()
    for bucket in settings.landing_buckets().values():
        digest.update(f"{bucket}\n".encode())
        try:
            for page in s3_objects.version_pages(s3, bucket):
                for each in page:
                    digest.update(f"{each.key}\0{each.version_id or each.etag}\n".encode())
        except ClientError as error:
            digest.update(f"{error.response['Error']['Code']}\n".encode())
    return digest.hexdigest()


def save_checkpoint(s3: S3Client, landed: str, began_at: datetime) -> None:
    """Record that a run begun at this time, with this landing fingerprint, found nothing to do."""
    body = json.dumps({"settled_at": began_at.isoformat(), "landed": landed}).encode()
    s3.put_object(Bucket=settings.work_bucket(), Key=_CHECKPOINT_KEY, Body=body)


def mark_changed(s3: S3Client) -> None:
    """Record that something other than arrivals and load DAGs is about to change the mng tables."""
    s3.put_object(Bucket=settings.work_bucket(), Key=_CHANGED_KEY, Body=b"")


def _checkpoint(s3: S3Client) -> dict[str, str] | None:
    try:
        body = s3.get_object(Bucket=settings.work_bucket(), Key=_CHECKPOINT_KEY)["Body"].read()
    except ClientError as error:
        if s3_objects.is_not_found(error):
            return None
        raise
    checkpoint: dict[str, str] = json.loads(body)
    return checkpoint


def _is_changed_since(s3: S3Client, since: datetime) -> bool:
    changed_at = s3_objects.modified_at(s3, settings.work_bucket(), _CHANGED_KEY)
    return changed_at is not None and changed_at >= since
