"""Register the objects that landed, then start a run for each file type that has new files."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice

import psycopg2

from lakeport import settings
from lakeport.airflow_api.dag_runs import QUEUED, DagRunApi, arrival_run_id, runs
from lakeport.arrivals.events import arrivals_in_message
from lakeport.arrivals.rules import ArrivalIndex
from lakeport.errors import AirflowUnavailable, ArrivalError, UnknownDag
from lakeport.mng import file_records
from lakeport.model import DAG_ID_PREFIX, Arrival, Status, dag_id_of, utc_now
from lakeport.redshift.session import Warehouse

log = logging.getLogger(__name__)

Message = tuple[str, str]
FULL_BATCH_MESSAGES = 500
"""The BatchSize of infra/main.yaml: so many messages at once mean that more are waiting."""
_BURST_PAUSE = timedelta(seconds=60)
_FIRST_PAUSE_SECONDS = 1.0
_MAX_PAUSE_SECONDS = 15.0


@dataclass
class Registration:
    """The result of a batch of messages: the New files by file type, and the ids of messages to deliver again."""

    new_files: dict[str, list[str]] = field(default_factory=dict)
    failed_messages: list[str] = field(default_factory=list)


def register_messages(messages: Iterable[Message], index: ArrivalIndex, warehouse: Warehouse) -> Registration:
    """Register the objects of all messages in one transaction.

    A message that cannot be read is reported as failed.  If the database refuses the data of the batch, each message
    is registered separately, so that one bad record does not block the others.  Safe to repeat: objects that are
    registered already are skipped.
    """
    result, readable = Registration(), []
    for message_id, body in messages:
        try:
            readable.append((message_id, arrivals_in_message(body)))
        except ArrivalError:
            log.exception("cannot read message %s", message_id or "(direct S3 event)")
            result.failed_messages.append(message_id)
    register_arrivals(readable, index, warehouse, result)
    return result


def start_runs(
    new_files: dict[str, list[str]], api: DagRunApi, *, patience_seconds: float = 0, is_burst: bool = False
) -> None:
    """Start one run per file type, and retry once; reconcile starts the runs that fail twice.

    A file may land before Airflow has read the new schema of its type, and Airflow may be throttled or restarting: then
    starting is retried with growing pauses for `patience_seconds`.

    A queued run will list its files later, so it takes these files too.  Without this check, thousands of files that
    arrive at once would start thousands of runs, most of which find nothing.

    In a burst, a run is queued for a minute and takes what arrives until then, unless its own files fill a batch: a run
    costs as much for one file as for hundreds.
    """
    until, pause = time.monotonic() + patience_seconds, _FIRST_PAUSE_SECONDS
    run_after = datetime.now(UTC) + _BURST_PAUSE if is_burst else None
    errors = _ensure_runs(new_files, api, run_after)
    errors = _ensure_runs({name: new_files[name] for name in errors}, api, run_after)
    while (waiting := _worth_waiting(errors)) and time.monotonic() + pause < until:
        time.sleep(pause)
        pause = min(2 * pause, _MAX_PAUSE_SECONDS)
        errors = _ensure_runs({name: new_files[name] for name in waiting}, api)


def _worth_waiting(errors: Mapping[str, AirflowUnavailable]) -> list[str]:
    return [name for name, error in errors.items() if isinstance(error, UnknownDag) or error.is_passing]


def _ensure_runs(
    new_files: Mapping[str, Sequence[str]], api: DagRunApi, run_after: datetime | None = None
) -> dict[str, AirflowUnavailable]:
    """Start a run for each file type that has none queued; return the error of each for which no run takes its files.

    Files of many types that arrive at once would need as many calls to Airflow, so one call lists the queued runs.
    """
    errors = dict[str, AirflowUnavailable]()
    try:
        queued = _queued(api, [dag_id_of(name) for name in new_files])
    except AirflowUnavailable as error:
        log.exception("cannot list the queued runs; the files stay New until reconcile starts a run")
        return dict.fromkeys(new_files, error)
    for name, file_ids in new_files.items():
        dag_id, run_id = dag_id_of(name), arrival_run_id(file_ids)
        if dag_id in queued:
            log.info("queued run %s of %s takes %d more files", queued[dag_id], dag_id, len(file_ids))
            continue
        try:
            started = api.start(dag_id, run_id, run_after if len(file_ids) < FULL_BATCH_MESSAGES else None)
            log.info("%s run %s of %s for %d files", "started" if started else "found", run_id, dag_id, len(file_ids))
        except AirflowUnavailable as error:
            log.exception("cannot start run %s of %s; its files stay New until reconcile starts a run", run_id, dag_id)
            errors[name] = error
    return errors


def _queued(api: DagRunApi, dag_ids: Sequence[str]) -> dict[str, str]:
    """Return the id of a queued run of each of the DAGs that have one."""
    if not dag_ids:
        return {}
    if len(dag_ids) == 1:
        found = runs(api, dag_ids[0], state=QUEUED, limit=1)
        return {run.dag_id: run.run_id for run in islice(found, 1)}
    found = runs(api, state=QUEUED, dag_id_pattern=DAG_ID_PREFIX)
    return {run.dag_id: run.run_id for run in found}


def register_arrivals(
    messages: Sequence[tuple[str, list[Arrival]]], index: ArrivalIndex, warehouse: Warehouse, result: Registration
) -> None:
    """Register the objects of messages that are read already, and add the outcome to `result`."""
    arrivals = [arrival for _, of_message in messages for arrival in of_message]
    matched = [(each, index.match(each.key, each.size_bytes, settings.landing_name(each.bucket))) for each in arrivals]
    if not matched:
        return  # do not wake Redshift for test events and deletions
    now = utc_now()
    try:
        registered = warehouse.transaction(lambda current: file_records.register(current, matched, now))
    except (psycopg2.DataError, psycopg2.ProgrammingError, ValueError):
        log.exception("Redshift refused the data of a batch of %d messages", len(messages))
        if len(messages) == 1:
            result.failed_messages.append(messages[0][0])
        else:
            for message in messages:
                register_arrivals([message], index, warehouse, result)
        return
    for file_id, (file_type, status) in registered.items():
        if status == Status.NEW:
            result.new_files.setdefault(file_type, []).append(file_id)
    log.info("registered %d objects of %d messages, %d New", len(matched), len(messages), _count(result.new_files))


def _count(files: dict[str, list[str]]) -> int:
    return sum(map(len, files.values()))
