"""The command that heals what nobody finished."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

import typer

from lakeport.airflow_api import RECONCILE, DagRunApi, arrival_run_id, dag_run_api
from lakeport.cli.failures import UNABLE
from lakeport.cli.screen import JsonOption, say, show
from lakeport.recovery.reconcile.reconcile import reconcile as reconcile_all
from lakeport.recovery.reconcile.reconciliation import GRACE, Reconciliation
from lakeport.redshift.connecting import connect_to_redshift
from lakeport.redshift.session import Warehouse

GraceOption = Annotated[
    int, typer.Option(min=0, help="Leave alone what is younger than so many seconds: it may be under way.")
]
_GRACE_SECONDS = int(GRACE.total_seconds())
_FINDINGS = ["found", "type", "file or run", "done"]


def add_to(app: typer.Typer) -> None:
    """Add the commands of this family."""
    app.command(rich_help_panel="Heal")(reconcile)


def reconcile(grace: GraceOption = _GRACE_SECONDS, as_json: JsonOption = False) -> None:
    """Find what nobody finished, finish it, and show what was found and done; safe to repeat.

    Lost events, files without a run, files of runs that died, archives half done, alerts that did not go out: what
    the DAG reconcile does every hour.  Exit status 2 if something could not be healed.
    """
    api = dag_run_api()
    with Warehouse(connect_to_redshift) as warehouse:
        look = reconcile_all(warehouse, api, None, grace=timedelta(seconds=grace), always=True)
    if look is None:
        return
    rows = [(each.problem, each.file_type, each.subject, each.action) for each in look.findings]
    show(_FINDINGS, rows, as_json=as_json, empty="everything is as it should be" + _but_open(look))
    if look.has_unsent_alerts:
        _have_alerts_sent(api, look.began_at, as_json=as_json)
    if look.unfixed:
        raise typer.Exit(UNABLE)


def _but_open(look: Reconciliation) -> str:
    return "; some files are under way" if look.is_open else ""


def _have_alerts_sent(api: DagRunApi, moment: datetime, *, as_json: bool) -> None:
    """Start the DAG, since alerts go by Airflow's connections."""
    run_id = arrival_run_id([], f"alerts {moment.isoformat()}")
    api.start(RECONCILE, run_id)
    if not as_json:
        say(f"alerts wait to be sent: the DAG {RECONCILE} does it in run {run_id}")
