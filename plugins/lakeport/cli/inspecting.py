"""Commands that show files and rejected rows."""

from __future__ import annotations

from typing import Annotated

import typer

from lakeport import settings
from lakeport.cli import deployments, snapshot_rows
from lakeport.cli.deployments import DeploymentOption
from lakeport.cli.schema_files import known_file_types
from lakeport.cli.warehouse_rows import rows_of
from lakeport.console.screen import JsonOption, LimitOption, show_first
from lakeport.model import Status
from lakeport.recovery.replay.selection import values_of_name
from lakeport.wording import amount

FileArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="[FILE]",
        help="File id (its first six characters are enough), key, or s3:// address.  Default: all files.",
    ),
]
TypeOption = Annotated[str | None, typer.Option("--type", help="Show only this file type.")]
StatusOption = Annotated[
    Status | None, typer.Option("--status", case_sensitive=False, help="Show only files with this status.")
]
_STATUS = {"landed_at": "landed (UTC)", "bucket": "bucket", "key": "key", "status": "status", "rows_in_file": "in file"}
_STATUS |= {"rows_loaded": "loaded", "rows_rejected": "rejected", "reason": "reason", "file_id": "file id"}
_ERRORS = {name: name for name in ("bucket", "key", "line", "column", "value", "reason")} | {"full_line": "full line"}


def add_to(app: typer.Typer) -> None:
    """Add the commands of this family."""
    for command in (status, errors):
        app.command(rich_help_panel="Inspect files and rows")(command)


def status(
    file: FileArgument = None,
    file_type: TypeOption = None,
    only: StatusOption = None,
    limit: LimitOption = 20,
    deployment: DeploymentOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the newest files with their status and row counts.

    With --deployment it reads the snapshots of the page Files: the newest 20 files of each type, or 500 of one type.

    Example: `./lakeport status --type flights --status Fail`

    Exit status: 0 success (also if there are no such files), 2 Redshift or AWS could not be queried.
    """
    what = f"files with status {only.value}" if only else "files"
    if deployment:
        deployments.choose(deployment)
        rows, as_of = snapshot_rows.status_rows(file, file_type, only, limit + 1)
        typer.echo(f"as of {as_of} UTC" if as_of else "no snapshot yet", err=True)
    else:
        values = {"file_type": file_type, "status": only.value if only else None, "limit": limit + 1}
        rows = rows_of("mng/status_of_files", values | values_of_name(file))
    empty = _no_rows(what, file, file_type, deployment)
    show_first(_STATUS, rows, limit, as_json=as_json, empty=empty, if_differing="bucket", shortened=_STATUS["file_id"])


def errors(
    file: FileArgument = None,
    file_type: TypeOption = None,
    limit: LimitOption = 20,
    deployment: DeploymentOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the newest rejected rows with line, column, value and reason.

    Redshift does not always know the line: then it is unknown, or null in JSON.
    With --deployment it reads the snapshots of the page Files, which have the first 100 rejected rows of each file.

    Example: `./lakeport errors --type flights --limit 5`

    Exit status: 0 success (also if there are no rejected rows), 2 Redshift or AWS could not be queried.
    """
    if deployment:
        deployments.choose(deployment)
        rows, hidden = snapshot_rows.error_rows(file, file_type, limit + 1)
        if hidden:
            where = "they are in mng.load_errors only, as with rejects.show: false in their schema"
            typer.echo(f"{amount(hidden, 'rejected row is', 'rejected rows are')} not shown: {where}", err=True)
    else:
        rows = rows_of("mng/errors_of_files", {"file_type": file_type, "limit": limit + 1} | values_of_name(file))
    if not as_json:
        rows = [(bucket, key, line or "unknown", *others) for bucket, key, line, *others in rows]
    empty = _no_rows("rejected rows", file, file_type, deployment)
    show_first(_ERRORS, rows, limit, as_json=as_json, empty=empty, if_differing="bucket")


def _no_rows(what: str, file: str | None, file_type: str | None, deployment: str | None) -> str:
    """Return the message for an empty result; for a file type without a schema it lists those that have one."""
    if deployment:
        files = (
            f"newest 500 files of type {file_type}" if file_type else "newest 20 files of each type (500 with --type)"
        )
        return f"no {what}{f' match {file!r}' if file else ''} among the {files}; for older ones query mng.files by sql"
    if file is not None:
        return f"no {what} match {file!r}; ./lakeport status shows file ids and keys"
    if file_type is None:
        return f"no {what} yet"
    has_schema = (settings.schemas_folder() / f"{file_type}.yaml").is_file()
    return f"no {what} yet for file type {file_type}" + ("" if has_schema else f"; {known_file_types(file_type)}")
