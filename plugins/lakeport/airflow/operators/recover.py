"""The steps of the DAGs `replay`, `undo` and `discard`: make a plan, and carry it out once a person has approved it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from airflow.sdk import BaseOperator

from lakeport import settings
from lakeport.airflow.tasks import Context, retried_if_worth_it, warehouse_of
from lakeport.airflow_api.clients import dag_run_api
from lakeport.errors import SelectionError, StatusConflict
from lakeport.files import s3_objects
from lakeport.model import Status
from lakeport.recovery.reconcile import change_detection
from lakeport.recovery.replay.apply import apply_plan, start_runs
from lakeport.recovery.replay.commands import (
    DEFAULT_STATUS,
    Command,
    as_markdown,
    fingerprints,
    is_approved,
    make_plan,
    what_happens,
)
from lakeport.recovery.replay.planned import Planned
from lakeport.recovery.replay.selection import Selection
from lakeport.redshift.session import Warehouse
from lakeport.wording import share

NOT_CHOSEN = ""
FIELDS: dict[Command, frozenset[str]] = {
    "replay": frozenset({"files", "file_type", "older"}),
    "undo": frozenset({"files", "file_type", "restore"}),
    "discard": frozenset({"files", "file_type", "status"}),
}
"""The fields of each command's form."""


class _RecoveryOperator(BaseOperator):
    """A step of one command; its run's params select the files."""

    def __init__(
        self, *, command: Command, redshift_conn_id: str = settings.REDSHIFT_CONNECTION, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.command: Command = command
        self.redshift_conn_id = redshift_conn_id

    def plan(self, warehouse: Warehouse, params: Any) -> list[Planned]:
        if unknown := sorted(set(params) - FIELDS[self.command]):
            raise SelectionError(
                f"nothing is changed: DAG {self.command} does not take {', '.join(unknown)}; it takes "
                f"{', '.join(sorted(FIELDS[self.command]))}; start it with these, or deploy the version that takes it"
            )
        names, file_type = params.get("files") or [], params.get("file_type") or None
        if not (names or file_type):
            raise SelectionError("no files selected: give file ids or keys, or choose a file type")
        statuses = () if names else (Status(params.get("status") or DEFAULT_STATUS[self.command]),)
        selection = Selection(names, file_type, statuses=statuses)
        options = {name: bool(params.get(name)) for name in ("older", "restore")}
        return make_plan(warehouse, self.command, selection, **options)


class PlanOperator(_RecoveryOperator):
    """Return the plan as Markdown with its fingerprints, and change nothing.

    Raises SelectionError if no file matches or if one of the files is refused: then nothing of the plan is done.
    """

    def execute(self, context: Context) -> dict[str, Any]:
        with retried_if_worth_it(), warehouse_of(self.redshift_conn_id) as warehouse:
            plan = self.plan(warehouse, context["params"])
            if not plan:
                raise SelectionError("no file matches; the page Files lists the files")
            refused = [f"{each.selected.file.key}: {what_happens(each)}" for each in plan if each.refused]
            if refused:
                lines = "\n".join(refused)
                raise SelectionError(
                    f"nothing is changed: {share(len(refused), len(plan), 'file is', 'files are')} refused:\n{lines}"
                )
        return {"text": as_markdown(plan), "fingerprints": fingerprints(plan)}


class ApplyOperator(_RecoveryOperator):
    """Carry out the approved plan, then start the runs that load the files again.

    The plan is made again and must be the approved one, or what an interrupted attempt left of it.  Safe to repeat and
    to kill at any line, because the plan is applied one load at a time and files that are changed already are skipped.
    """

    template_fields: Sequence[str] = ("approved", "answer")

    def __init__(self, *, approved: Any, answer: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.approved = approved
        self.answer = answer

    def execute(self, context: Context) -> dict[str, str]:
        people = f"asked by {context['dag_run'].triggering_user_name or 'unknown'}, approved by {_name(self.answer)}"
        with retried_if_worth_it(), warehouse_of(self.redshift_conn_id) as warehouse:
            if "Approve" not in (self.answer or {}).get("chosen_options", ()):
                raise StatusConflict("the plan was not approved; start this DAG again")
            plan = self.plan(warehouse, context["params"])
            approved, is_repeated = (self.approved or {}).get("fingerprints", {}), context["ti"].try_number > 1
            if not is_approved(plan, approved, is_repeated=is_repeated):
                raise StatusConflict("the files have changed since the plan was approved; start this DAG again")
            change_detection.mark_changed(s3_objects.s3_client())
            for load in apply_plan(warehouse, plan, self.command, people):
                for each in load:
                    self.log.info("%s is now %s", each.selected.file.key, each.to)
        return start_runs(dag_run_api(), plan)


def _name(answer: Any) -> str:
    user = (answer or {}).get("responded_by_user") or {}
    return str(user.get("name") or user.get("id") or "unknown")
