"""When Redshift need not be asked: it is billed by the minute from its first query, so an idle Lakeport asks nothing.

After a look that found nothing and left nothing open, a note says when that was and what lay in landing.  While the
same lies there, no load DAG has had a run since, and nobody has replayed, undone or registered anything, what the mng
tables say cannot have changed.  Once a day they are asked all the same.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from lakeport import settings
from lakeport.airflow_api import LIVE_STATES, DagRunApi, runs
from lakeport.files import s3_objects

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_NOTE_KEY = "reconcile/settled.json"
_TOUCHED_KEY = "reconcile/touched"
_LONGEST = timedelta(days=1)
_MARGIN = timedelta(minutes=15)
"""How long before the note something may have begun that the note does not know of."""


def reason_to_ask(s3: S3Client, api: DagRunApi, landed: str, now: datetime) -> str | None:
    """Return why Redshift must be asked, or None where nothing can have changed since it was last.

    `landed` is `fingerprint`'s.  Raises AirflowUnavailable where Airflow does not say which runs there were.
    """
    note = _note(s3)
    if note is None:
        return "no earlier look found everything at its end"
    settled_at = datetime.fromisoformat(note["settled_at"])
    since = settled_at - _MARGIN
    if note["landed"] != landed:
        return "landing has changed"
    if now - settled_at > _LONGEST:
        return f"the last look was at {settled_at:%Y-%m-%d %H:%M} UTC"
    if _touched_since(s3, since):
        return "files were replayed or undone"
    queries = [{"state": state} for state in LIVE_STATES] + [{"updated_at_gte": f"{since.isoformat()}Z"}]
    for query in queries:
        if any(run.dag_id.startswith("load_") for run in runs(api, dag_id_pattern="load_", **query)):
            return "load DAGs have run"
    return None


def fingerprint(s3: S3Client) -> str:
    """Return a digest of all object versions in landing."""
    digest = hashlib.sha256()
    for page in s3_objects.version_pages(s3, settings.landing_bucket()):
        for each in page:
            digest.update(f"{each.key}\0{each.version_id or each.etag}\n".encode())
    return digest.hexdigest()


def note_settled(s3: S3Client, landed: str, began_at: datetime) -> None:
    """Note that a look begun then, with this in landing, found everything at its end."""
    body = json.dumps({"settled_at": began_at.isoformat(), "landed": landed}).encode()
    s3.put_object(Bucket=settings.work_bucket(), Key=_NOTE_KEY, Body=body)


def note_touched(s3: S3Client) -> None:
    """Note that the mng tables are about to be changed by something else than arrivals and load DAGs."""
    s3.put_object(Bucket=settings.work_bucket(), Key=_TOUCHED_KEY, Body=b"")


def _note(s3: S3Client) -> dict[str, str] | None:
    try:
        body = s3.get_object(Bucket=settings.work_bucket(), Key=_NOTE_KEY)["Body"].read()
    except ClientError as error:
        if error.response["Error"]["Code"] in ("NoSuchKey", "404"):
            return None
        raise
    note: dict[str, str] = json.loads(body)
    return note


def _touched_since(s3: S3Client, since: datetime) -> bool:
    touched = s3_objects.modified_at(s3, settings.work_bucket(), _TOUCHED_KEY)
    return touched is not None and touched >= since
