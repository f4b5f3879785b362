"""Check, with the services themselves, everything that a load needs; keep nothing of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from lakeport import settings
from lakeport.airflow_api.dag_runs import DagRunApi
from lakeport.probing.answers import Answer
from lakeport.probing.bucket_probe import BucketProbe
from lakeport.probing.copy_probe import FOLDER, CopyProbe
from lakeport.probing.pool_probe import POOLS
from lakeport.probing.reaching import DAG_RUNS
from lakeport.redshift.session import Warehouse

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def probe(warehouse: Warehouse, s3: S3Client, open_api: Callable[[], DagRunApi], occasion: str) -> Iterator[Answer]:
    """Yield the answers of S3, Redshift and Airflow; `occasion` is unique and has letters and digits only."""
    yield from BucketProbe(s3, occasion).answers()
    yield from CopyProbe(warehouse, s3).answers()
    yield DAG_RUNS.ask(open_api)
    yield POOLS.ask(open_api)


def report_key(run_id: str) -> str:
    """Return the key in the work bucket of the answers that this run of check_environment wrote."""
    return f"{FOLDER}/{run_id}.json"


def write_report(s3: S3Client, run_id: str, answers: Sequence[Answer]) -> None:
    """Write the answers to the work bucket, where `./lakeport deploy` reads them.

    The address of an XCom value is longer than the 64 characters that InvokeRestApi takes.
    """
    body = json.dumps([answer.as_json() for answer in answers]).encode()
    s3.put_object(Bucket=settings.work_bucket(), Key=report_key(run_id), Body=body)


def read_report(body: bytes) -> list[Answer]:
    """Return the answers of a report."""
    values: list[dict[str, Any]] = json.loads(body)
    return [Answer.from_json(each) for each in values]
