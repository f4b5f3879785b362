"""Collect the history of a stack: what its tables, its buckets and its sinks say."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from html import unescape
from typing import Any

from lakeport.alerts.alert import Kind
from lakeport.alerts.plain_text import SIGNS
from local.aws import names, resources
from local.config import Config
from local.sinks.services import slack_directory
from tests.torture.history import Drop, FileRow, History, LoadedRow, Move, Rejected, Sent, Target

_FILES = """
SELECT file_id, file_type, key, version_id, status, landed_at, run_id, table_name, rows_in_file, rows_loaded,
       rows_rejected, loaded_at, archive_key, status_reason
FROM mng.files
"""
_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'lake'"
_LOG = "SELECT file_id, from_status, to_status, moved_at, run_id FROM mng.status_log"
_REJECTED = "SELECT file_id, run_id, line_number, raw_line, column_name, raw_value, error_reason FROM mng.load_errors"


def history(
    config: Config,
    current: Any,
    targets: Collection[Target],
    drops: Sequence[Drop],
    runs: Collection[str],
    repeated_alerts: Mapping[str, int],
    commands: Collection[str] = (),
    green: Collection[str] = (),
) -> History:
    """Return the history of these drops; nothing may be running.

    `current` is a cursor of the warehouse, `runs` are the runs whose alerts count.
    """
    s3: Any = resources.session().client("s3", endpoint_url=config.aws_endpoint)
    tables = [f"lake.{name}" for (name,) in _rows(current, _TABLES)]
    histories = {target.table for target in targets if target.mode == "history"}
    rows = {table: _rows(current, _rows_of(table, histories)) for table in tables}
    return History(
        targets=list(targets),
        drops=drops,
        files=[FileRow(*row) for row in _rows(current, _FILES)],
        log=[Move(*row) for row in _rows(current, _LOG)],
        rejected=[Rejected(*row) for row in _rows(current, _REJECTED)],
        tables={name: [LoadedRow(*row) for row in found] for name, found in rows.items()},
        landing=frozenset(each for bucket in names.LANDING_BUCKETS for each in versions(s3, bucket)),
        archive={key: _digest(s3, key) for key, _ in versions(s3, names.ARCHIVE_BUCKET)},
        alerts=_alerts(config, runs),
        repeated_alerts=dict(repeated_alerts),
        commands=frozenset(commands),
        green=frozenset(green),
    )


def versions(s3: Any, bucket: str) -> Iterator[tuple[str, str]]:
    """Yield key and version of every object."""
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        for version in page.get("Versions", []):
            yield version["Key"], version["VersionId"]


def _rows_of(table: str, histories: set[str]) -> str:
    until = ", _valid_to" if table in histories else ""
    return f"SELECT token, k::varchar, _loaded_at{until} FROM {table}"  # noqa: S608


def _digest(s3: Any, key: str) -> str:
    body = s3.get_object(Bucket=names.ARCHIVE_BUCKET, Key=key)["Body"].read()
    return hashlib.sha256(body).hexdigest()


def _alerts(config: Config, runs: Collection[str]) -> list[Sent]:
    """Return each Slack message about one of the runs."""
    found = list[Sent]()
    for path in slack_directory(config).glob("*.json"):
        at = datetime.fromtimestamp(path.stat().st_mtime, UTC).replace(tzinfo=None)
        for part in _alerts_of(json.loads(path.read_text())):
            text = "\n".join(_texts(part))
            found += [Sent(run_id, at, text) for run_id in runs if run_id in text]
    return found


def _alerts_of(message: Any) -> list[Any]:
    """Return the alerts of a message: the sections of one that has many, or the message."""
    header, body, *_ = message["blocks"]
    return list(body["elements"]) if header["text"]["text"].startswith(SIGNS[Kind.MANY]) else [message]


def _texts(value: Any) -> Iterator[str]:
    """Yield every text of a message."""
    if isinstance(value, str):
        yield unescape(value)
    elif isinstance(value, dict):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)


def _rows(current: Any, query: str) -> list[tuple[Any, ...]]:
    current.execute(query)
    rows: list[tuple[Any, ...]] = current.fetchall()
    return rows
