"""The commands with `--deployment`: they need IAM alone and no network path to Redshift.

They read snapshots in S3, run DAGs over MWAA's API, and query Redshift by its Data API.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Annotated, Any

import boto3
import typer
from botocore.exceptions import ClientError

from lakeport import settings
from lakeport.airflow_api.approvals import RecoveryRun, start_recovery
from lakeport.airflow_api.clients import MwaaApi
from lakeport.airflow_api.dag_runs import RECONCILE
from lakeport.arrivals.publishing import published_index
from lakeport.arrivals.rules import ArrivalRule
from lakeport.errors import LakeportError, RunFailed, SelectionError
from lakeport.files.s3_objects import s3_client
from lakeport.model import Status
from lakeport.recovery.replay.selection import Selection
from lakeport.redshift.data_api import Result, StatementFailed, run_statements
from lakeport.snapshots import objects

DeploymentOption = Annotated[
    str | None,
    typer.Option(
        "--deployment", metavar="NAME", help="Use this deployment on AWS by IAM, without a connection to Redshift."
    ),
]
PLAN_TITLES = ("File id", "Type", "File", "Status", "What will happen")
_QUERY_SECONDS, _PAUSE_SECONDS = 900.0, 0.5


def choose(name: str) -> None:
    """Use the deployment for everything that follows."""
    session = boto3.Session(region_name=settings.aws_region())
    if session.region_name is None:
        raise typer.BadParameter("no AWS region is set; set the variable AWS_REGION to that of the deployment")
    boto3.setup_default_session(region_name=session.region_name)
    account = boto3.client("sts").get_caller_identity()["Account"]
    settings.choose_deployment(name, account, session.region_name)


def published_rules(name: str) -> Sequence[ArrivalRule]:
    """Use the landing buckets of the deployment, as its stack lists them, and return the rules of its registration."""
    stack = f"{name}-main"
    try:
        [found] = boto3.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    except ClientError as error:
        if "does not exist" in str(error):
            where = f"no stack {stack} in region {boto3.Session().region_name}"
            raise LakeportError(f"{where}; check the deployment's name, AWS_REGION and AWS_PROFILE") from error
        raise
    outputs = {each["OutputKey"]: each["OutputValue"] for each in found.get("Outputs", [])}
    if "LandingBucketName" not in outputs:
        raise LakeportError(f"stack {stack} is {found['StackStatus']} and has no buckets; finish ./lakeport deploy")
    settings.choose_landing_buckets(outputs["LandingBucketName"], outputs.get("FurtherLandingBuckets", ""))
    return published_index(s3_client()).rules


def planned_run(command: str, choice: Selection, default: Status, **options: bool) -> tuple[RecoveryRun, str]:
    """Start the DAG of a command and return its run with its plan as Markdown; raises RunFailed if there is none."""
    statuses = tuple(choice.statuses)
    is_discard_of_one = command == "discard" and not choice.names and len(statuses) == 1
    known = () if choice.names else (default,)  # the DAG takes files that are named in any status
    chosen_otherwise = choice.since or choice.until or (set(statuses) - set(known) and not is_discard_of_one)
    if chosen_otherwise or not (choice.names or choice.file_type):
        raise SelectionError("with --deployment, select files by their ids or keys, or by --type alone")
    conf: dict[str, Any] = {"files": list(choice.names), "file_type": choice.file_type or ""}
    conf |= {"status": str(statuses[0])} if is_discard_of_one else {}
    conf |= {name: True for name, is_set in options.items() if is_set}
    run = _started(command, conf)
    typer.echo(f"{run.address}: the plan is being made, which can take a minute", err=True)
    return run, run.plan()


def findings_of_reconcile(grace_seconds: int) -> list[dict[str, Any]]:
    """Run the DAG reconcile, wait for its end and return its findings; raises RunFailed."""
    run = _started(RECONCILE, {"grace": grace_seconds})
    typer.echo(f"{run.address}: started, which can take some minutes", err=True)
    failure: RunFailed | None = None
    try:
        run.wait(RECONCILE)
    except RunFailed as error:  # also if a finding could not be fixed
        failure = error
    report = objects.read(s3_client(), objects.FINDINGS)
    if report is None or report["run_id"] != run.run_id:
        raise failure or RunFailed(f"another run has replaced the findings of {run.address}; its log has them")
    findings: list[dict[str, Any]] = report["findings"]
    return findings


def query(name: str, database: str, statement: str, limit: int) -> Result:
    """Run a query in the deployment's workgroup as the caller's IAM identity, in a transaction that changes nothing.

    Raises StatementFailed.
    """
    address = {"WorkgroupName": name, "Database": database}
    statements = ("SET TRANSACTION READ ONLY", statement)
    return run_statements(boto3.client("redshift-data"), address, statements, _wait, limit)


def _wait(has_ended: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _QUERY_SECONDS
    while not has_ended():
        if time.monotonic() > deadline:
            raise StatementFailed(f"the query has not ended within {_QUERY_SECONDS / 60:.0f} minutes")
        time.sleep(_PAUSE_SECONDS)


def _started(dag_id: str, conf: dict[str, Any]) -> RecoveryRun:
    return start_recovery(MwaaApi(str(settings.mwaa_environment())), dag_id, conf)


def plan_rows(markdown: str) -> Iterator[tuple[str, ...]]:
    """Yield the id, type, key, status and change of each file of a plan, in whatever order its columns are."""
    titles, *rows = [_cells(line) for line in markdown.splitlines()] or [[]]
    for cells in rows[1:]:
        if len(cells) == len(titles):
            row = dict(zip(titles, cells, strict=True))
            yield tuple(row[title] for title in PLAN_TITLES)


def _cells(line: str) -> list[str]:
    return [cell.strip().strip("`") for cell in line.strip().strip("|").split("|")]
