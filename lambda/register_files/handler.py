"""Lambda register_files: register the objects of S3 events in mng.files, then start DAG runs for them."""

from __future__ import annotations

import logging
from functools import cache
from typing import Any

import boto3
from botocore.exceptions import ClientError

from lakeport import settings
from lakeport.airflow_api.clients import dag_run_api
from lakeport.arrivals.events import arrivals_in_message, messages_of
from lakeport.arrivals.registration import FULL_BATCH_MESSAGES, Message, register_messages, start_runs
from lakeport.arrivals.rules import ArrivalIndex
from lakeport.errors import ArrivalError, NotPublished
from lakeport.probing.function_probe import CHECK_EVENT, probe_function
from lakeport.redshift.connecting import connect_to_redshift
from lakeport.redshift.session import Warehouse

logging.getLogger().setLevel(logging.INFO)

_MAX_PATIENCE_SECONDS = 90
_RESERVE_SECONDS = 15  # for the last call of Airflow's API, before Lambda ends the function


def handle(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Register a batch and return the messages to deliver again (SQS partial batch response).

    CHECK_EVENT is answered with what the services answer to the function.
    Raises ValueError if a direct S3 event cannot be registered, so that S3 delivers it again.
    """
    if event == CHECK_EVENT:
        with Warehouse(connect_to_redshift) as warehouse:
            return {"answers": [each.as_json() for each in probe_function(_index, warehouse, dag_run_api)]}
    messages = list(messages_of(event))
    # S3 sends s3:TestEvent before the first schemas are published, so only arrivals need the index.
    index = _index() if any(map(_may_have_arrivals, messages)) else ArrivalIndex(())
    with Warehouse(connect_to_redshift) as warehouse:
        result = register_messages(messages, index, warehouse)
    # The other file types have a cron schedule; their files wait for the next run.
    new_files = {name: files for name, files in result.new_files.items() if index.starts_run(name)}
    if new_files:
        _start_runs(new_files, _patience_seconds(context), is_burst=len(messages) >= FULL_BATCH_MESSAGES)
    if "" in result.failed_messages:
        raise ValueError("cannot register the S3 event; see the log above for the reason")
    return {"batchItemFailures": [{"itemIdentifier": message} for message in result.failed_messages]}


def _patience_seconds(context: object) -> float:
    """Return how long to wait for the DAG of a new file type: Airflow reads a new schema within about a minute."""
    remaining = getattr(context, "get_remaining_time_in_millis", lambda: 0)() / 1000
    return max(0, min(remaining - _RESERVE_SECONDS, _MAX_PATIENCE_SECONDS))


def _start_runs(new_files: dict[str, list[str]], patience_seconds: float, *, is_burst: bool) -> None:
    try:
        start_runs(new_files, dag_run_api(), patience_seconds=patience_seconds, is_burst=is_burst)
    except Exception:  # the files are registered and stay New, and reconcile starts a run
        logging.exception("cannot start DAG runs; reconcile starts them")


def _may_have_arrivals(message: Message) -> bool:
    try:
        return bool(arrivals_in_message(message[1]))
    except ArrivalError:  # register_messages reports it
        return False


def _index() -> ArrivalIndex:
    """Return the published index; raises NotPublished if there is none.

    Without s3:ListBucket, which the function's role lacks, S3 answers AccessDenied for an absent key (S3 API,
    GetObject).
    """
    bucket = settings.code_bucket()
    try:
        stored = _s3().get_object(Bucket=bucket, Key=settings.INDEX_KEY)
    except ClientError as error:
        if error.response["Error"]["Code"] not in {"AccessDenied", "NoSuchKey"}:
            raise
        where = f"cannot read s3://{bucket}/{settings.INDEX_KEY} ({error.response['Error']['Code']})"
        raise NotPublished(f"{where}: no schemas are published yet; finish ./lakeport deploy") from error
    return ArrivalIndex.from_json(stored["Body"].read())


@cache
def _s3() -> Any:
    return boto3.client("s3")
