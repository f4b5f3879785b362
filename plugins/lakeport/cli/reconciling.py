"""The command that finishes interrupted work."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated

import typer

from lakeport.airflow_api.clients import dag_run_api
from lakeport.airflow_api.dag_runs import RECONCILE, DagRunApi, arrival_run_id
from lakeport.cli import deployments
from lakeport.cli.deployments import DeploymentOption
from lakeport.console.failures import UNABLE
from lakeport.console.screen import JsonOption, say, show
from lakeport.recovery.reconcile.reconcile import reconcile as reconcile_all
from lakeport.recovery.reconcile.reconciliation import GRACE, Finding, Reconciliation
from lakeport.redshift.connecting import connect_to_redshift
from lakeport.redshift.session import Warehouse

GraceOption = Annotated[
    int, typer.Option(min=0, help="Skip files and runs younger than this many seconds: they may be in progress.")
]
_GRACE_SECONDS = int(GRACE.total_seconds())
_FINDINGS = {"found": "found", "type": "type", "subject": "file or run", "done": "done"}


def add_to(app: typer.Typer) -> None:
    """Add the commands of this family."""
    app.command(rich_help_panel="Recover")(reconcile)


def reconcile(
    grace: GraceOption = _GRACE_SECONDS, deployment: DeploymentOption = None, as_json: JsonOption = False
) -> None:
    """Find and finish interrupted work, and show what was done.

    This covers lost S3 events, files without a run, files of killed runs, incomplete archives and unsent alerts.
    The DAG reconcile does the same every hour.  The command is safe to repeat.
    With --deployment that DAG does the work.

    Example: `./lakeport reconcile --grace 0`

    Exit status: 0 everything is finished, 2 something could not be finished.
    """
    if deployment:
        deployments.choose(deployment)
        found = [Finding(**each) for each in deployments.findings_of_reconcile(grace)]
        _show(found, "nothing to do", as_json=as_json)
        return
    api = dag_run_api()
    with Warehouse(connect_to_redshift) as warehouse:
        reconciliation = reconcile_all(warehouse, api, None, grace=timedelta(seconds=grace), always=True)
    if reconciliation is None:
        return
    if reconciliation.has_unsent_alerts:
        _send_alerts(api, reconciliation.began_at, as_json=as_json)
    _show(reconciliation.findings, "nothing to do" + _open_files(reconciliation), as_json=as_json)


def _show(findings: Sequence[Finding], nothing: str, *, as_json: bool) -> None:
    """Show the findings; exit with status 2 if one could not be fixed."""
    rows = [(each.problem, each.file_type, each.subject, each.action) for each in findings]
    show(_FINDINGS, rows if as_json else _by_cause(findings), as_json=as_json, empty=nothing)
    if not all(each.is_fixed for each in findings):
        raise typer.Exit(UNABLE)


def _by_cause(findings: Sequence[Finding]) -> list[tuple[str, str, str, str]]:
    """Return one row for each cause: its first file or run, and how many others it has."""
    causes: dict[tuple[str, str, str], dict[str, None]] = {}
    for each in findings:
        causes.setdefault((each.problem, each.file_type, each.action), {})[each.subject] = None
    return [
        (problem, file_type, _first_of(list(subjects)), action)
        for (problem, file_type, action), subjects in causes.items()
    ]


def _first_of(subjects: Sequence[str]) -> str:
    return subjects[0] if len(subjects) == 1 else f"{subjects[0]} and {len(subjects) - 1:,} more"


def _open_files(reconciliation: Reconciliation) -> str:
    return "; some files or alerts are not finished yet" if reconciliation.is_open else ""


def _send_alerts(api: DagRunApi, moment: datetime, *, as_json: bool) -> None:
    """Start the DAG, since alerts need Airflow's connections."""
    run_id = arrival_run_id([], f"alerts {moment.isoformat()}")
    api.start(RECONCILE, run_id)
    if not as_json:
        say(f"run {run_id} of DAG {RECONCILE} will send the waiting alerts")
