"""Reconcile the landing bucket: objects that no event reported, and files that are Done and still lie there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial

from psycopg2.extensions import cursor

from lakeport import settings
from lakeport.arrivals.registration import Registration, register_arrivals
from lakeport.files import s3_objects
from lakeport.files.s3_objects import ObjectVersion
from lakeport.loading.finishing import archive
from lakeport.mng import file_records
from lakeport.model import Arrival, RegisteredFile
from lakeport.recovery.reconcile.look import Finding, Look
from lakeport.redshift.statements import statement

NOT_REPORTED = "landed, and no event reported it"
STILL_IN_LANDING = "Done, and still in landing"


def reconcile_landing(look: Look) -> None:
    """Register what no event reported, as the Lambda would, and finish the archive of what is Done."""
    for page in s3_objects.version_pages(look.s3, settings.landing_bucket()):
        arrivals = {arrival.file_id: arrival for arrival in map(_arrival, page) if arrival.version_id}
        if arrivals:
            known = look.warehouse.transaction(partial(file_records.registered, file_ids=tuple(arrivals)))
            _register(look, [arrival for file_id, arrival in arrivals.items() if file_id not in known])
            _finish(look, [file_id for file_id, (_, status) in known.items() if status == "Done"])
        _tell_of_unversioned(look, [each for each in page if not each.version_id])


def _arrival(found: ObjectVersion) -> Arrival:
    place = (found.bucket, found.key, found.version_id, found.etag, found.size_bytes)
    return Arrival(*place, landed_at=found.modified_at, sequencer="")


def _register(look: Look, unknown: Sequence[Arrival]) -> None:
    ripe = [arrival for arrival in unknown if arrival.landed_at <= look.ripe_before]
    look.is_open |= len(ripe) < len(unknown)
    if not ripe:
        return
    result = Registration()
    register_arrivals([(arrival.file_id, [arrival]) for arrival in ripe], look.index, look.warehouse, result)
    look.registered |= {file_id for file_ids in result.new_files.values() for file_id in file_ids}
    ids = tuple(arrival.file_id for arrival in ripe)
    registered = look.warehouse.transaction(partial(file_records.registered, file_ids=ids))
    for arrival in ripe:
        name, status = registered.get(arrival.file_id, ("", None))
        done = f"registered as {status}" if status else "not healed: Redshift refuses it; the log says why"
        look.findings.append(Finding(NOT_REPORTED, name, arrival.key, done, is_healed=status is not None))


def _finish(look: Look, done: Sequence[str]) -> None:
    if not done:
        return

    def read(current: cursor) -> list[tuple[RegisteredFile, str]]:
        current.execute(statement("mng/files_by_id"), {"file_ids": tuple(done)})
        rows = [row for row in current.fetchall() if row[11] == "Done" and row[12] <= look.ripe_before]
        return [(RegisteredFile(*row[:10]), row[10]) for row in rows]

    for file, type_name in look.warehouse.transaction(read):
        look.heal(STILL_IN_LANDING, type_name, file.key, partial(_archive, look, type_name, file))


def _archive(look: Look, type_name: str, file: RegisteredFile) -> str:
    archive(look.warehouse, look.s3, type_name, [file])
    return "archived"


def _tell_of_unversioned(look: Look, found: Sequence[ObjectVersion]) -> None:
    """Say what cannot be healed: without a version nobody can tell whether an event for it is still to come."""
    if not found:
        return

    def read(current: cursor) -> Counter[tuple[str, str]]:
        keys = tuple(each.key for each in found)
        current.execute(statement("mng/unversioned_files"), {"bucket": found[0].bucket, "keys": keys})
        return Counter(current.fetchall())

    known = look.warehouse.transaction(read)
    remedy = "not healed: it has no version; keep versions in this bucket, then copy the object onto itself"
    for each in found:
        if not known[each.key, each.etag] and each.modified_at <= look.ripe_before:
            look.findings.append(Finding(NOT_REPORTED, "", each.key, remedy, is_healed=False))
