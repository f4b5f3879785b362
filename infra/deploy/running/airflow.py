"""The MWAA environment: which code it runs, updating it, and a smoke test."""

from __future__ import annotations

import time
from typing import Any

from botocore.exceptions import ClientError

from infra.deploy.aws import Aws, code_of
from infra.deploy.changes import Change
from infra.deploy.content import code
from infra.deploy.content.code import CodeBucket
from infra.deploy.errors import DeployError
from infra.deploy.running import checking
from lakeport.airflow_api.clients import MwaaApi
from lakeport.errors import AirflowUnavailable
from lakeport.probing.answers import Answer, Found, Question, Verdict, failures

WITHIN_SECONDS = 13 * 3600  # GRACEFUL lets running tasks finish for up to 12 hours (MWAA API, UpdateEnvironment)
CHECK_DAG = "check_environment"
CHECK_WITHIN_SECONDS = 1800  # silent connections and late views are waited for
_AT_REST = ("AVAILABLE", "CREATE_FAILED", "UPDATE_FAILED", "UNAVAILABLE", "DELETED")
_ANY = object()
_PATHS = {code.PLUGINS: "Plugins", code.REQUIREMENTS: "Requirements"}


def environment(aws: Aws, name: str) -> dict[str, Any] | None:
    """Return MWAA's description of the environment, None if it does not exist."""
    try:
        found: dict[str, Any] = aws.client("mwaa").get_environment(Name=name)["Environment"]
    except ClientError as error:
        if code_of(error) == "ResourceNotFoundException":
            return None
        raise
    return found


def plan(found: dict[str, Any], bucket: CodeBucket, changing: set[str]) -> list[Change]:
    """Return the update that is needed; `changing` are the keys that the deployment uploads first."""
    parts = [key for key in _PATHS if key in changing or not _runs(found, key, bucket.version(key))]
    if not parts:
        return []
    return [
        Change(
            "Airflow environment", "update", f"{' and '.join(parts)}; takes 10 to 30 minutes, running tasks end first"
        )
    ]


def update(aws: Aws, name: str, bucket: CodeBucket) -> bool:
    """Update the environment to the code bucket's plugins.zip and requirements.txt; return whether that was needed.

    Waits first for an update in progress, which a killed run may have started.  Success is status AVAILABLE and a
    successful last update: after a failed update, MWAA rolls back and is AVAILABLE again.
    """
    found = _at_rest(aws, name)
    wanted = {key: bucket.version(key) for key in _PATHS}
    if all(_runs(found, key, version) for key, version in wanted.items()):
        return False
    if found["Status"] != "AVAILABLE":
        raise DeployError(
            f"environment {name} cannot be updated while its status is {found['Status']}; see the MWAA console"
        )
    arguments = {"WorkerReplacementStrategy": "GRACEFUL"}  # running tasks end first
    arguments |= {f"{_PATHS[key]}S3Path": key for key in wanted}
    arguments |= {f"{_PATHS[key]}S3ObjectVersion": version for key, version in wanted.items()}
    before = found.get("LastUpdate", {}).get("CreatedAt")
    aws.client("mwaa").update_environment(Name=name, **arguments)
    aws.report(f"environment {name}: updating to {', '.join(wanted)}; this takes 10 to 30 minutes")
    done = _at_rest(aws, name, after=before)
    last = done.get("LastUpdate", {})
    if done["Status"] != "AVAILABLE" or last.get("Status") != "SUCCESS":
        reason = last.get("Error", {}).get("ErrorMessage", "MWAA reported no reason")
        remedy = f"read the log groups airflow-{name}-*, fix the cause, then run this again"
        raise DeployError(
            f"environment {name}: the update ended {last.get('Status')} ({done['Status']}): {reason}; {remedy}"
        )
    return True


def smoke_test(aws: Aws, name: str, work_bucket: str) -> list[Answer]:
    """Fail on import errors in Airflow, run the DAG that checks what a load needs, and return its answers.

    Raises DeployError if the run failed although no answer did.
    """
    errors = _ask(aws, name, "/importErrors").get("import_errors", [])
    if errors:
        lines = "\n".join(f"  {each['filename']}: {each['stack_trace'].strip().splitlines()[-1]}" for each in errors)
        raise DeployError(f"Airflow cannot import DAG files:\n{lines}")
    wait_for_dag(aws, name, CHECK_DAG)
    run_id = f"deploy__{time.time_ns()}"
    try:
        MwaaApi(name, aws.client("mwaa")).start(CHECK_DAG, run_id)
    except AirflowUnavailable as error:
        raise DeployError(str(error)) from error
    run = _ended_run(aws, name, run_id)
    answers = [_NULL_DATE.ask(run), *checking.airflow_answers(aws, work_bucket, run_id)]
    aws.report(f"DAG {CHECK_DAG} ended: {run['state']}")
    if run["state"] != "success" and not failures(answers):
        raise DeployError(f"DAG {CHECK_DAG} failed; the log of run {run_id} shows what is missing")
    return answers


def _ended_run(aws: Aws, name: str, run_id: str) -> dict[str, Any]:
    found: list[dict[str, Any]] = []

    def look() -> bool:
        path = f"/dags/{CHECK_DAG}/dagRuns"
        found[:] = _ask(aws, name, path, query={"run_id_pattern": run_id, "limit": "1"})["dag_runs"]
        return bool(found) and found[0]["state"] in ("success", "failed")

    aws.until(look, f"run {run_id} of DAG {CHECK_DAG}", CHECK_WITHIN_SECONDS)
    return found[0]


def _find_null_date(run: dict[str, Any]) -> Found:
    if run.get("logical_date") is None:
        return Found("passed on")
    return Found(f"lost: the run has {run['logical_date']}", "runs are started with a date instead", Verdict.OTHER)


_NULL_DATE = Question("logical_date: null, sent by InvokeRestApi", "not documented", _find_null_date)


def wait_for_dag(aws: Aws, name: str, dag_id: str) -> None:
    """Wait until Airflow has the DAG: MWAA syncs every 30 s, and a new DAG file may take a minute more."""

    def look() -> bool:
        found = _ask(aws, name, "/dags", query={"dag_id_pattern": dag_id})["dags"]
        return any(each["dag_id"] == dag_id for each in found)

    aws.until(look, f"DAG {dag_id} in Airflow", CHECK_WITHIN_SECONDS)


def _runs(found: dict[str, Any], key: str, version: str) -> bool:
    """Return whether the environment runs this S3 version of the object.

    After a failed update it runs what it ran before; AWS does not document which version it then reports.
    """
    has_failed = found.get("LastUpdate", {}).get("Status") == "FAILED"
    return not has_failed and bool(found.get(f"{_PATHS[key]}S3ObjectVersion") == version)


def _at_rest(aws: Aws, name: str, *, after: object = _ANY) -> dict[str, Any]:
    """Return the environment once MWAA has finished; `after` is the creation time of the previous update."""
    found: dict[str, Any] = {}
    reported: list[str] = []

    def look() -> bool:
        found.clear()
        found.update(environment(aws, name) or {"Status": "DELETED"})
        last = found.get("LastUpdate", {})
        line = f"environment {name}: {found['Status']}, last update {last.get('Status', 'none')}"
        if found["Status"] not in _AT_REST and line not in reported:
            reported.append(line)
            aws.report(line)
        is_begun = after is _ANY or last.get("CreatedAt") != after
        return found["Status"] in _AT_REST and is_begun and last.get("Status") != "PENDING"

    aws.until(look, f"environment {name}", WITHIN_SECONDS)
    return found


def _ask(aws: Aws, name: str, path: str, query: dict[str, str] | None = None) -> Any:
    """Return the answer of Airflow's REST API to the caller's IAM role; raises DeployError."""
    try:
        return MwaaApi(name, aws.client("mwaa")).call(path, query=query)
    except AirflowUnavailable as error:
        raise DeployError(str(error)) from error
