"""Register what landed, then start the runs of the file types that got files."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import psycopg2

from lakeport.airflow_api import QUEUED, DagRunApi, arrival_run_id, runs
from lakeport.arrivals.events import arrivals_in_message
from lakeport.arrivals.rules import ArrivalIndex
from lakeport.errors import ArrivalError, LakeportError
from lakeport.mng import file_records
from lakeport.model import Arrival
from lakeport.redshift.session import Warehouse

log = logging.getLogger(__name__)

Message = tuple[str, str]


@dataclass
class Registration:
    """What became of a batch of messages: file types with their New files, and the messages to deliver again."""

    new_files: dict[str, list[str]] = field(default_factory=dict)
    failed_messages: list[str] = field(default_factory=list)


def register_messages(messages: Iterable[Message], index: ArrivalIndex, warehouse: Warehouse) -> Registration:
    """Register the objects of all messages in one transaction.

    A message that cannot be read is set aside; where the database refuses the batch's data, each message is
    registered on its own, so that one bad record never holds up the others.  Safe to repeat: registered objects are
    recognised.
    """
    result, readable = Registration(), []
    for message_id, body in messages:
        try:
            readable.append((message_id, arrivals_in_message(body)))
        except ArrivalError:
            log.exception("message %s cannot be read", message_id)
            result.failed_messages.append(message_id)
    register_arrivals(readable, index, warehouse, result)
    return result


def start_runs(new_files: dict[str, list[str]], api: DagRunApi) -> None:
    """Start one run per file type, and try once more where that failed; what fails twice is left to reconcile.

    A run that has not begun will look for files later than now, so it takes these too: thousands of files at once
    would start thousands of runs otherwise, most of which find nothing.
    """
    failed = [name for name, file_ids in new_files.items() if not _has_run(name, file_ids, api)]
    for name in failed:
        _has_run(name, new_files[name], api)


def _has_run(file_type: str, file_ids: Sequence[str], api: DagRunApi) -> bool:
    """Say whether a run will take the files: one that waits, or one started for them."""
    dag_id, run_id = f"load_{file_type}", arrival_run_id(file_ids)
    try:
        if waiting := next(runs(api, dag_id, state=QUEUED, limit=1), None):
            log.info("run %s of %s waits already, and takes %d files more", waiting.run_id, dag_id, len(file_ids))
            return True
        started = api.start(dag_id, run_id)
        log.info("%s run %s of %s for %d files", "started" if started else "found", run_id, dag_id, len(file_ids))
    except LakeportError:
        log.exception("run %s of %s could not be started; its files stay New", run_id, dag_id)
        return False
    return True


def register_arrivals(
    messages: Sequence[tuple[str, list[Arrival]]], index: ArrivalIndex, warehouse: Warehouse, result: Registration
) -> None:
    """Register the objects of all messages as `register_messages` does, and add to `result` what became of them."""
    matched = [(a, index.match(a.key, a.size_bytes)) for _, arrivals in messages for a in arrivals]
    if not matched:
        return  # test events and deletions must not wake Redshift
    now = datetime.now(UTC).replace(tzinfo=None)
    try:
        registered = warehouse.transaction(lambda current: file_records.register(current, matched, now))
    except (psycopg2.DataError, psycopg2.ProgrammingError, ValueError):
        log.exception("the database refuses a batch of %d messages", len(messages))
        if len(messages) == 1:
            result.failed_messages.append(messages[0][0])
        else:
            for message in messages:
                register_arrivals([message], index, warehouse, result)
        return
    for file_id, (file_type, status) in registered.items():
        if status == "New":
            result.new_files.setdefault(file_type, []).append(file_id)
    log.info("%d objects in %d messages: %d New", len(matched), len(messages), _count(result.new_files))


def _count(files: dict[str, list[str]]) -> int:
    return sum(map(len, files.values()))
