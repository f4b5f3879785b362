"""Commands that load files again, or take their rows out of their tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Annotated

import typer

from lakeport.airflow_api import dag_run_api
from lakeport.cli.accounts import TypeOption
from lakeport.cli.failures import UNABLE
from lakeport.cli.screen import JsonOption, say, show
from lakeport.files import s3_objects
from lakeport.model import Status
from lakeport.recovery.reconcile import change_detection
from lakeport.recovery.replay.apply import apply_plan, start_runs
from lakeport.recovery.replay.plan import Planned, Planner
from lakeport.recovery.replay.selection import SelectedFile, Selection, select_files
from lakeport.redshift.connecting import connect_to_redshift
from lakeport.redshift.session import Warehouse

NamesArgument = Annotated[
    list[str] | None,
    typer.Argument(metavar="[FILE]...", help="File ids, their first six characters or more, or keys."),
]
SinceOption = Annotated[datetime | None, typer.Option(help="Only files that landed then or later (UTC).")]
UntilOption = Annotated[datetime | None, typer.Option(help="Only files that landed before then (UTC).")]
StatusesOption = Annotated[
    list[Status] | None, typer.Option("--status", case_sensitive=False, help="Only files of this status; repeatable.")
]
OlderOption = Annotated[
    bool,
    typer.Option("--older", help="Let rows of an older file take the place of newer ones."),
]
YesOption = Annotated[bool, typer.Option("--yes", help="Do it.")]
Plan = Callable[[Planner, Sequence[SelectedFile]], list[Planned]]
_PLAN = ["file id", "type", "key", "status", "rows to delete", "what will happen"]


def add_to(app: typer.Typer) -> None:
    """Add the commands of this family."""
    for command in (replay, undo):
        app.command(rich_help_panel="Heal")(command)


def replay(
    names: NamesArgument = None,
    file_type: TypeOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    status: StatusesOption = None,
    older: OlderOption = False,
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Load files again; without --yes it shows what would happen, and does nothing.

    What is in the table of these files is deleted first, exactly their rows.  They are loaded by their schemas as they
    are now, from landing or from the archive; so are the files that one COPY loaded with them.  Without names,
    --status is Fail.  Safe to repeat and to interrupt.
    """
    choice = _choice(names, file_type, since, until, status, Status.FAIL)
    planned = _carried_out("replay", choice, lambda planner, files: planner.replay(files), older, yes, as_json)
    if planned and not as_json:
        say(f"{len(planned)} files are New; `./lakeport status` shows what becomes of them")


def undo(
    names: NamesArgument = None,
    file_type: TypeOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    status: StatusesOption = None,
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Take the rows of loaded files out of their tables; without --yes it shows what would happen, and does nothing.

    Exactly the rows of these files are deleted; the files become Fail and can be replayed.  Files that one COPY loaded
    with them are loaded again.  What their load replaced (mode truncate, replace) is not brought back; for mode merge
    there is no undo.  Without names, --status is Done.  Safe to repeat and to interrupt.
    """
    choice = _choice(names, file_type, since, until, status, Status.DONE)
    planned = _carried_out("undo", choice, lambda planner, files: planner.undo(files), False, yes, as_json)
    if planned and not as_json:
        undone = [each for each in planned if each.to == Status.FAIL]
        say(f"{len(undone)} files are out of their tables")


def _carried_out(command: str, choice: Selection, plan: Plan, older: bool, yes: bool, as_json: bool) -> list[Planned]:
    """Show the plan and, where that is agreed, do it, start the runs it needs and return it."""
    api = dag_run_api()
    with Warehouse(connect_to_redshift) as warehouse:
        planned = _planned(warehouse, choice, plan, older=older)
        if not _is_agreed(planned, yes=yes, as_json=as_json):
            return []
        for _ in _shown(apply_plan(warehouse, planned, command), as_json=as_json):
            pass
    told = start_runs(api, planned)
    if not as_json:
        for name, what in told.items():
            say(f"{name}: {what}")
    return planned


def _choice(
    names: Sequence[str] | None,
    file_type: str | None,
    since: datetime | None,
    until: datetime | None,
    status: Sequence[Status] | None,
    default: Status,
) -> Selection:
    if not (names or file_type or since or until or status):
        raise typer.BadParameter("say which files: by id or key, --type, --since, --until or --status")
    return Selection(names or (), file_type, since, until, status or (() if names else (default,)))


def _planned(warehouse: Warehouse, choice: Selection, plan: Plan, *, older: bool) -> list[Planned]:
    chosen = warehouse.transaction(lambda current: select_files(current, choice))
    return plan(Planner(warehouse, s3_objects.s3_client(), older), chosen)


def _is_agreed(planned: list[Planned], *, yes: bool, as_json: bool) -> bool:
    """Show the plan; refuse it as a whole where a part of it is refused; say whether to go on."""
    rows = [
        (
            each.selected.file.file_id[:12],
            each.type_name,
            each.selected.file.key,
            each.selected.status,
            each.rows or None,
            f"refused: {each.refused}" if each.refused else each.summary,
        )
        for each in planned
    ]
    show(_PLAN, rows, as_json=as_json, empty="no file fits; `./lakeport status` shows which there are")
    refused = [each for each in planned if each.refused]
    if refused or not planned:
        if refused:
            typer.secho(f"nothing is done: {len(refused)} of {len(planned)} files are refused", fg="red", err=True)
        raise typer.Exit(UNABLE)
    if not yes and not as_json:
        say("this is the plan; --yes does it")
    return yes


def _shown(loads: Iterator[list[Planned]], *, as_json: bool) -> Iterator[list[Planned]]:
    """Touch the account before it changes, and say what is done as it is done."""
    change_detection.mark_changed(s3_objects.s3_client())
    for load in loads:
        for each in load:
            if not as_json:
                say(f"{each.selected.file.key} is {each.to} now")
        yield load
