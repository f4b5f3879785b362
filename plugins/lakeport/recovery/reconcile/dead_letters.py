"""Reconcile the dead-letter queue: register the files of its events, and say once which files these are."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import partial

from botocore.exceptions import ClientError
from psycopg2.extensions import cursor

from lakeport import settings
from lakeport.alerts.messages import DeadLetters
from lakeport.alerts.outbox import Run, is_alerted_since
from lakeport.arrivals.dead_letters import DeadLetter, DeadLetterQueue
from lakeport.arrivals.registration import Registration, register_arrivals
from lakeport.files import s3_objects
from lakeport.mng import file_records
from lakeport.model import Arrival
from lakeport.recovery.reconcile.reconciliation import Finding, Reconciliation, log
from lakeport.schema.reader import default_alerts

DEAD_LETTER = "its event is a dead letter"
_GONE = "no longer in its bucket, so there is nothing to load"
_REFUSED = "not fixed: Redshift refused to register it; see the log"
_ALERTS = "dead letters"


def reconcile_dead_letters(reconciliation: Reconciliation) -> None:
    """Register the files of dead letters that S3 still has, alert about all of them, and delete what is done.

    A message is deleted last, so that a run that was killed is repeated; one whose file cannot be registered stays.
    """
    letters = reconciliation.dead_letters
    if not letters:
        return
    outcomes = _register(reconciliation, [arrival for letter in letters for arrival in letter.arrivals])
    files = [(f"s3://{each.bucket}/{each.key}", outcomes[each.file_id]) for each in _arrivals(letters)]
    files += [(letter.problem, "reconcile lists the landing buckets") for letter in letters if letter.problem]
    for subject, outcome in files:
        finding = Finding(DEAD_LETTER, "", subject, outcome, is_fixed=outcome != _REFUSED)
        reconciliation.findings.append(finding)
    run, receivers = _run(letters), default_alerts(settings.schemas_folder())
    reconciliation.raise_alert(run, partial(_alert, run=run, files=files), receivers)
    done = [each for each in letters if all(outcomes[arrival.file_id] != _REFUSED for arrival in each.arrivals)]
    DeadLetterQueue(str(settings.dead_letter_queue())).remove(done)


def _register(reconciliation: Reconciliation, arrivals: Sequence[Arrival]) -> dict[str, str]:
    """Register the files that are not registered yet; return what became of each, by file id."""
    if not arrivals:
        return {}
    read = partial(file_records.registered, file_ids=tuple(each.file_id for each in arrivals))
    known = reconciliation.warehouse.transaction(read)
    unknown = [each for each in arrivals if each.file_id not in known]
    there = [each for each in unknown if _is_there(reconciliation, each)]
    if there:
        result = Registration()
        messages = [(each.file_id, [each]) for each in there]
        register_arrivals(messages, reconciliation.index, reconciliation.warehouse, result)
        reconciliation.registered |= {file_id for file_ids in result.new_files.values() for file_id in file_ids}
    registered = reconciliation.warehouse.transaction(read)
    outcomes = {each.file_id: _GONE for each in unknown} | {each.file_id: _REFUSED for each in there}
    outcomes |= {file_id: f"registered as {status}" for file_id, (_, status) in registered.items()}
    return outcomes | {file_id: f"registered before, {status}" for file_id, (_, status) in known.items()}


def _is_there(reconciliation: Reconciliation, arrival: Arrival) -> bool:
    """Return whether S3 has the object, or does not tell; in a bucket that is not ours, the file is Rejected.

    If S3 refuses to look at one object, its load reports that, and the other messages are processed.
    """
    if settings.landing_name(arrival.bucket) is None:
        return True
    try:
        version = s3_objects.current_version(reconciliation.s3, arrival.bucket, arrival.key, arrival.version_id)
    except ClientError as error:
        log.warning("not known whether s3://%s/%s still exists: %s", arrival.bucket, arrival.key, error)
        return True
    return version == (arrival.version_id or arrival.etag)


def _arrivals(letters: Sequence[DeadLetter]) -> list[Arrival]:
    """Return each file once, although its event may be delivered several times."""
    return list({arrival.file_id: arrival for letter in letters for arrival in letter.arrivals}.values())


def _run(letters: Sequence[DeadLetter]) -> Run:
    """Return what the alert about these messages is recorded under."""
    ids = "\n".join(sorted(letter.message_id for letter in letters))
    return _ALERTS, hashlib.sha256(ids.encode()).hexdigest()


def _alert(current: cursor, run: Run, files: Sequence[tuple[str, str]]) -> DeadLetters | None:
    """Return the alert, unless it was raised before, or the messages are about no file, as S3's test events are."""
    return DeadLetters(files) if files and not is_alerted_since(current, run, None) else None
