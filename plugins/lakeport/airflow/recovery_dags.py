"""The DAGs `replay`, `undo` and `discard`: a form, a plan, an approval, and the change."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import DAG, Param

from lakeport import settings
from lakeport.airflow.operators.recover import NOT_CHOSEN, ApplyOperator, PlanOperator
from lakeport.recovery.replay.commands import DEFAULT_STATUS, Command
from lakeport.recovery.replay.planned import DISCARDED
from lakeport.schema.reader import schema_paths

_DESCRIPTIONS: dict[Command, str] = {
    "replay": "Load files again, with their current schemas.",
    "undo": "Delete the rows of loaded files from their tables.",
    "discard": "Set aside files that wait or have failed, so that no run loads them.",
}
_DOCUMENTATION = """{description}

1. Trigger this DAG and name the files, or choose a file type. The page Files has a button for one file.
2. The task `plan` shows what would happen to each file, and changes nothing.
3. Open the task `approve` (also under Browse, Required Actions) and approve or reject the plan.
   After an hour without an answer it is rejected.
4. The task `apply` makes the plan again, refuses if it is not the approved one, and carries it out.
   `mng.status_log` records who asked and who approved.

What the command does to each table mode: docs/recovery.md.
"""


def recovery_dag(command: Command) -> DAG:
    """Return the DAG of one command."""
    description = _DESCRIPTIONS[command]
    with DAG(
        dag_id=command,
        description=description,
        doc_md=_DOCUMENTATION.format(description=description),
        schedule=None,
        catchup=False,
        is_paused_upon_creation=False,
        tags=["lakeport", "recovery"],
        params=_params(command),
        render_template_as_native_obj=True,
        default_args={"retries": 2, "retry_delay": timedelta(seconds=30)},
    ) as dag:
        plan = PlanOperator(task_id="plan", command=command)
        approve = ApprovalOperator(
            task_id="approve",
            subject=f"{command.capitalize()} these files?",
            body="{{ ti.xcom_pull('plan')['text'] }}",
            defaults=ApprovalOperator.REJECT,
            response_timeout=timedelta(hours=1),
            retries=0,
        )
        apply = ApplyOperator(task_id="apply", command=command, approved=plan.output, answer=approve.output)
        plan >> approve >> apply
    return dag


def _params(command: Command) -> dict[str, Param]:
    # The type of a file to discard may have been removed, so its name can be any.
    choice: dict[str, Any] = {"examples" if command == "discard" else "enum": [NOT_CHOSEN, *_names()]}
    # Airflow's form refuses a field that is empty and may not be null.
    params = {
        "files": Param([], type=["null", "array"], title="Files", description_md="File ids or keys, one in each line."),
        "file_type": Param(
            NOT_CHOSEN,
            type=["null", "string"],
            **choice,
            values_display={NOT_CHOSEN: "(only the files above)"},
            title="File type",
            description_md=f"Without files: all files of this type whose status is {_default_status(command)}.",
        ),
    }
    if command == "replay":
        params["older"] = Param(
            False,
            type="boolean",
            title="Older files too",
            description_md="Allow rows of an older file to replace rows of a newer one.",
        )
    if command == "discard":
        params["status"] = Param(
            str(DEFAULT_STATUS[command]),
            type="string",
            enum=[str(each) for each in DISCARDED],
            title="Status",
            description_md="With a file type alone: discard its files that wait (New) or have failed (Fail).",
        )
    if command == "undo":
        params["restore"] = Param(
            False,
            type="boolean",
            title="Restore replaced rows",
            description_md="Also bring back the rows that the files replaced, if their tables kept them.",
        )
    return params


def _default_status(command: Command) -> str:
    return "the one below" if command == "discard" else DEFAULT_STATUS[command]


def _names() -> list[str]:
    return sorted(Path(path).stem for path in schema_paths(settings.schemas_folder()))
