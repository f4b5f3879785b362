"""Commands that load files again, delete their rows from their tables, or discard files."""

from __future__ import annotations

import getpass
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Annotated

import typer

from lakeport import settings
from lakeport.airflow_api.clients import dag_run_api
from lakeport.cli import deployments
from lakeport.cli.deployments import DeploymentOption
from lakeport.console.failures import UNABLE
from lakeport.console.screen import JsonOption, say, show
from lakeport.files import s3_objects
from lakeport.model import Status
from lakeport.recovery.reconcile import change_detection
from lakeport.recovery.replay.apply import apply_plan, start_runs
from lakeport.recovery.replay.commands import Command, make_plan, what_happens
from lakeport.recovery.replay.planned import Planned
from lakeport.recovery.replay.selection import Selection
from lakeport.redshift.connecting import connect_to_redshift
from lakeport.redshift.session import Warehouse
from lakeport.wording import agreeing, amount, share

NamesArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[FILE]...", help="File ids (the first six characters are enough), keys, or s3:// addresses."
    ),
]
TypeOption = Annotated[str | None, typer.Option("--type", help="Only files of this type.")]
SinceOption = Annotated[
    datetime | None,
    typer.Option(metavar="TIME", help="Only files that landed at this time (UTC) or later, as in 2026-11-28T08:30:00."),
]
UntilOption = Annotated[
    datetime | None,
    typer.Option(metavar="TIME", help="Only files that landed before this time (UTC), as in 2026-11-28."),
]
StatusesOption = Annotated[
    list[Status] | None,
    typer.Option("--status", case_sensitive=False, help="Only files with this status; may be repeated."),
]
OlderOption = Annotated[
    bool,
    typer.Option("--older", help="Allow rows of an older file to replace rows of a newer one."),
]
RestoreOption = Annotated[
    bool,
    typer.Option("--restore", help="Also bring back the rows that the files replaced, if their tables kept them."),
]
YesOption = Annotated[bool, typer.Option("--yes", help="Carry out the plan.")]
_PLAN = {"file_id": "file id", "type": "type", "key": "key", "status": "status"}
_UNCHANGED = "nothing was changed; to carry out this plan, run the same command with --yes"
_PLAN |= {"rows_to_delete": "rows to delete", "action": "what will happen"}


def add_to(app: typer.Typer) -> None:
    """Add the commands of this family."""
    for command in (replay, undo, discard):
        app.command(rich_help_panel="Recover")(command)


def replay(
    names: NamesArgument = None,
    file_type: TypeOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    status: StatusesOption = None,
    older: OlderOption = False,
    yes: YesOption = False,
    deployment: DeploymentOption = None,
    as_json: JsonOption = False,
) -> None:
    """Load files again.

    Without --yes the command only shows its plan.  It deletes exactly the rows of these files from their table, then
    loads the files from landing or from the archive with their current schemas, together with the files that the same
    COPY loaded.  If you select files only by other options, --status defaults to Fail.  The command is safe to repeat
    and to interrupt.  With --deployment the DAG replay of that deployment does the work, and --yes approves its plan.

    Example: `./lakeport replay 3f9a2c --yes`

    Exit status: 0 success, 2 no file matches, a file is refused, or the command could not do its work.
    """
    choice = _choice(names, file_type, since, until, status, Status.FAIL)
    if deployment:
        _by_dag(deployment, "replay", choice, Status.FAIL, older=older, yes=yes, as_json=as_json)
        return
    planned = _carried_out("replay", choice, yes, as_json, older=older)
    if planned and not as_json:
        what = agreeing(len(planned), "it", "them")
        say(f"{amount(len(planned), 'file is', 'files are')} New; `./lakeport status` shows what becomes of {what}")


def undo(
    names: NamesArgument = None,
    file_type: TypeOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    status: StatusesOption = None,
    restore: RestoreOption = False,
    yes: YesOption = False,
    deployment: DeploymentOption = None,
    as_json: JsonOption = False,
) -> None:
    """Delete the rows of loaded files from their tables.

    Without --yes the command only shows its plan.  It deletes exactly the rows of these files and sets the files to
    Fail; you can replay them later.  Files that the same COPY loaded are loaded again.  With --restore, the rows
    that the load replaced come back, if table.keep_replaced kept them (modes slice and history always do) and no later
    load has replaced the same rows; without it they do not, except in mode history, and mode merge cannot be undone.
    If you select files only by other options, --status defaults to Done.  The command is safe to repeat and to
    interrupt.  With --deployment the DAG undo of that deployment does the work, and --yes approves its plan.

    Example: `./lakeport undo 3f9a2c --yes`

    Exit status: 0 success, 2 no file matches, a file is refused, or the command could not do its work.
    """
    choice = _choice(names, file_type, since, until, status, Status.DONE)
    if deployment:
        _by_dag(deployment, "undo", choice, Status.DONE, restore=restore, yes=yes, as_json=as_json)
        return
    planned = _carried_out("undo", choice, yes, as_json, restore=restore)
    if planned and not as_json:
        undone = [each for each in planned if each.to == Status.FAIL and not each.is_idle]
        say(f"deleted the rows of {amount(len(undone), 'file')}" if undone else "nothing was changed")


def discard(
    names: NamesArgument = None,
    file_type: TypeOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    status: StatusesOption = None,
    yes: YesOption = False,
    deployment: DeploymentOption = None,
    as_json: JsonOption = False,
) -> None:
    """Set aside files that wait or have failed, such as those of a file type that was removed.

    Without --yes the command only shows its plan.  It sets files that are New or Fail to Filtered Out, so that no run
    loads them, and reconcile moves them to the archive.  `replay` loads a discarded file after all.  If you select
    files only by other options, --status defaults to New; use --status fail for those that have failed.  The command
    is safe to repeat and to interrupt.  With --deployment the DAG discard of that deployment does the work, and --yes
    approves its plan.

    Example: `./lakeport discard --type trains --status fail --yes`

    Exit status: 0 success, 2 no file matches, a file is refused, or the command could not do its work.
    """
    choice = _choice(names, file_type, since, until, status, Status.NEW)
    if deployment:
        _by_dag(deployment, "discard", choice, Status.NEW, yes=yes, as_json=as_json)
        return
    _carried_out("discard", choice, yes, as_json)


def _by_dag(
    name: str, command: Command, choice: Selection, default: Status, *, yes: bool, as_json: bool, **options: bool
) -> None:
    """Let the DAG of the command make its plan, show the plan and answer it: approve it with --yes, else reject it."""
    deployments.choose(name)
    run, plan = deployments.planned_run(command, choice, default, **options)
    titles = {name: title for name, title in _PLAN.items() if name != "rows_to_delete"}
    show(titles, list(deployments.plan_rows(plan)), as_json=as_json, shortened=_PLAN["file_id"])
    run.answer("Approve" if yes else "Reject")
    if yes:
        run.wait()
    if not as_json:
        say(f"done by {run.address}" if yes else f"{_UNCHANGED}; it makes the plan again and approves it")


def _carried_out(command: Command, choice: Selection, yes: bool, as_json: bool, **options: bool) -> list[Planned]:
    """Show the plan; with --yes carry it out, start the runs it needs and return it."""
    api = dag_run_api()
    with Warehouse(connect_to_redshift) as warehouse:
        planned = make_plan(warehouse, command, choice, **options)
        if not _is_agreed(planned, yes=yes, as_json=as_json):
            return []
        for _ in _with_progress(apply_plan(warehouse, planned, command, _asker()), as_json=as_json):
            pass
    runs = start_runs(api, planned)
    if not as_json:
        for name, what in runs.items():
            say(f"{name}: {what}")
    return planned


def _asker() -> str:
    return f"asked by {getpass.getuser()}"


def _choice(
    names: Sequence[str] | None,
    file_type: str | None,
    since: datetime | None,
    until: datetime | None,
    status: Sequence[Status] | None,
    default: Status,
) -> Selection:
    if not (names or file_type or since or until or status):
        raise typer.BadParameter(
            "no files selected: give file ids or keys, or use --type, --since, --until or --status"
        )
    return Selection(names or (), file_type, since, until, status or (() if names else (default,)))


def _is_agreed(planned: list[Planned], *, yes: bool, as_json: bool) -> bool:
    """Show the plan and return whether to carry it out; if one file is refused, the whole plan is."""
    rows = [
        (
            each.selected.file.file_id,
            each.type_name,
            settings.shown_key(each.selected.file.bucket, each.selected.file.key),
            each.selected.status,
            each.rows or None,
            what_happens(each),
        )
        for each in planned
    ]
    empty = "no file matches; `./lakeport status` lists the files"
    show(_PLAN, rows, as_json=as_json, empty=empty, shortened=_PLAN["file_id"])
    refused = [each for each in planned if each.refused]
    if refused or not planned:
        if refused:
            typer.secho(
                f"nothing was changed: {share(len(refused), len(planned), 'file is', 'files are')} refused",
                fg="red",
                err=True,
            )
        raise typer.Exit(UNABLE)
    if not yes and not as_json:
        say(_UNCHANGED)
    return yes


def _with_progress(loads: Iterator[list[Planned]], *, as_json: bool) -> Iterator[list[Planned]]:
    """Mark the record as changed before the first load, and print each file after its commit."""
    change_detection.mark_changed(s3_objects.s3_client())
    for load in loads:
        for each in load:
            if not as_json:
                say(f"{each.selected.file.key} is now {each.to}")
        yield load
