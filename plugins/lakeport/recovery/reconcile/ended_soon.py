"""Finish soon what reconcile would finish within the hour: the files of runs that failed or were marked by hand.

If somebody marks a run while its COPY commits, Airflow kills the task and calls no callback, so its file stays
In Progress.  Only Airflow is asked whether there is such a run.  Redshift is queried only then, shortly after the run
has used it.
"""

from __future__ import annotations

import json
import logging
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from lakeport import settings
from lakeport.airflow_api.dag_runs import DagRunApi, never_started, runs
from lakeport.alerts.outbox import Send
from lakeport.files import s3_objects
from lakeport.model import DAG_ID_PREFIX
from lakeport.recovery.reconcile.alerts import UNSENT, send_unsent
from lakeport.recovery.reconcile.contradictions import reconcile_contradictions
from lakeport.recovery.reconcile.reconciliation import Reconciliation
from lakeport.recovery.reconcile.runs import reconcile_runs
from lakeport.recovery.reconcile.snapshots import reconcile_snapshots
from lakeport.redshift.session import Warehouse

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

log = logging.getLogger(__name__)

GRACE = timedelta(seconds=30)
"""How long Airflow may take to kill the task of a run that was marked, and to call the callback of one that failed."""
_LOOKED_KEY = "reconcile/looked.json"
_FIRST_LOOK = timedelta(hours=1)
_LAST_TASK = "mark_done"


def finish_ended_runs(
    warehouse: Warehouse, api: DagRunApi, send: Send | None, *, grace: timedelta = GRACE
) -> Reconciliation | None:
    """Finish the files of runs that have failed or were marked since the last look; None if there are no such runs.

    Safe to repeat, to run twice at once and to kill at any line: the time of the look is written last.
    """
    s3 = s3_objects.s3_client()
    reconciliation = Reconciliation(warehouse, s3, api, send, grace)
    since = _looked_at(s3) or reconciliation.began_at - _FIRST_LOOK
    found = suspicious_runs(api, since)
    if found:
        log.info("querying Redshift: %d runs failed or were marked since %s UTC", len(found), since)
        reconcile_runs(reconciliation)
        reconcile_contradictions(reconciliation)
        send_unsent(reconciliation)
        # Reconcile reports a channel that is down, once an hour.
        reconciliation.findings = [each for each in reconciliation.findings if each.is_fixed or each.problem != UNSENT]
        reconcile_snapshots(reconciliation)
    body = json.dumps({"looked_at": reconciliation.ripe_before.isoformat()}).encode()
    s3.put_object(Bucket=settings.work_bucket(), Key=_LOOKED_KEY, Body=body)
    return reconciliation if found else None


def suspicious_runs(api: DagRunApi, since: datetime) -> set[tuple[str, str]]:
    """Return the load runs that failed since then, and those marked as successful before their last task ran."""
    moment = f"{since.isoformat()}Z"
    failed = {
        (run.dag_id, run.run_id)
        for run in runs(api, state="failed", dag_id_pattern=DAG_ID_PREFIX, updated_at_gte=moment)
        if run.dag_id.startswith(DAG_ID_PREFIX)
    }
    return failed | never_started(api, _LAST_TASK, state="success", updated_at_gte=moment)


def _looked_at(s3: S3Client) -> datetime | None:
    try:
        body = s3.get_object(Bucket=settings.work_bucket(), Key=_LOOKED_KEY)["Body"].read()
    except ClientError as error:
        if s3_objects.is_not_found(error):
            return None
        raise
    return datetime.fromisoformat(json.loads(body)["looked_at"])
