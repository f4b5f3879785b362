"""Commands that inspect files and rows, and the one that creates the mng tables."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from psycopg2.extensions import cursor

from lakeport import settings
from lakeport.cli import deployments
from lakeport.cli.deployments import DeploymentOption
from lakeport.cli.schema_files import known_file_types
from lakeport.cli.warehouse_rows import rows_of
from lakeport.console.screen import JsonOption, say, show
from lakeport.mng.tables import make_tables
from lakeport.model import Status, counted
from lakeport.recovery.replay.selection import values_of_name
from lakeport.redshift.connecting import connect_to_redshift
from lakeport.redshift.session import Warehouse

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
LimitOption = Annotated[int, typer.Option(min=1, help="Maximum number of rows to show.")]
WriteOption = Annotated[bool, typer.Option("--write", help="Allow the statement to change data.")]
DatabaseOption = Annotated[
    str, typer.Option(metavar="NAME", help="The database that --deployment queries: the parameter RedshiftDatabase.")
]
_QUOTED = re.compile(r"'(?:[^'\\]|''|\\.)*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/|\$(\w*)\$.*?\$\1\$", re.DOTALL)
_STATUS = {"landed_at": "landed (UTC)", "bucket": "bucket", "key": "key", "status": "status", "rows_in_file": "in file"}
_STATUS |= {"rows_loaded": "loaded", "rows_rejected": "rejected", "reason": "reason", "file_id": "file id"}
_ERRORS = {name: name for name in ("bucket", "key", "line", "column", "value", "reason")} | {"full_line": "full line"}


def add_to(app: typer.Typer) -> None:
    """Add the commands of this family."""
    for command in (status, errors, sql):
        app.command(rich_help_panel="Inspect files and rows")(command)
    mng = typer.Typer(no_args_is_help=True, help="Manage the mng tables, which record every file and rejected row.")
    mng.command("init")(mng_init)
    app.add_typer(mng, name="mng", rich_help_panel="Inspect files and rows")


def mng_init() -> None:
    """Create the mng tables, or upgrade those of an earlier version.

    Existing rows are kept.  The command is safe to repeat.
    It has no --deployment: `./lakeport deploy --database` does the same there, as the database's administrator.

    Example: `./lakeport mng init`

    Exit status: 0 the tables exist in this version, 2 they could not be created or upgraded.
    """
    with Warehouse(connect_to_redshift) as warehouse:
        make_tables(warehouse)
    say("the mng tables are up to date")


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
        rows, as_of = deployments.status_rows(file, file_type, only, limit + 1)
        typer.echo(f"as of {as_of} UTC" if as_of else "no snapshot yet", err=True)
    else:
        values = {"file_type": file_type, "status": only.value if only else None, "limit": limit + 1}
        rows = rows_of("mng/status_of_files", values | values_of_name(file))
    show(
        _STATUS, rows[:limit], as_json=as_json, empty=_no_rows(what, file, file_type, deployment), if_differing="bucket"
    )
    _say_if_cut(rows, limit)


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
        rows, hidden = deployments.error_rows(file, file_type, limit + 1)
        if hidden:
            where = "they are in mng.load_errors only, as with rejects.show: false in their schema"
            typer.echo(f"{hidden:,} rejected rows are not shown: {where}", err=True)
    else:
        rows = rows_of("mng/errors_of_files", {"file_type": file_type, "limit": limit + 1} | values_of_name(file))
    if not as_json:
        rows = [(bucket, key, line or "unknown", *others) for bucket, key, line, *others in rows]
    empty = _no_rows("rejected rows", file, file_type, deployment)
    show(_ERRORS, rows[:limit], as_json=as_json, empty=empty, if_differing="bucket")
    _say_if_cut(rows, limit)


def sql(
    query: Annotated[str, typer.Argument(help="One SQL statement.")],
    write: WriteOption = False,
    limit: LimitOption = 1000,
    deployment: DeploymentOption = None,
    database: DatabaseOption = "lakeport",
    as_json: JsonOption = False,
) -> None:
    """Run a SQL statement in Redshift and show its rows.

    The transaction is read-only unless you use --write.
    With --deployment the Redshift Data API runs it in the workgroup of that name, with the rights of your IAM
    identity, and always read-only.

    Example: `./lakeport sql "SELECT COUNT(*) FROM lake.flights"`

    Exit status: 0 success, 2 the statement or the connection failed.
    """
    _check_query(query, write=write)
    if deployment:
        if write:
            raise typer.BadParameter("--write is not possible with --deployment, which only reads")
        deployments.choose(deployment)
        found = deployments.query(deployment, database, query, limit + 1)
        show(found.titles, found.rows[:limit], as_json=as_json)
        _say_if_cut(found.rows, limit)
        return

    def run(current: cursor) -> tuple[list[str], list[tuple[Any, ...]], int]:
        if not write:
            current.execute("SET TRANSACTION READ ONLY")
        current.execute(query)
        titles = [column[0] for column in current.description or ()]
        return titles, current.fetchmany(limit + 1) if titles else [], current.rowcount

    with Warehouse(connect_to_redshift) as warehouse:
        titles, rows, count = warehouse.transaction(run)
    if titles:
        show(titles, rows[:limit], as_json=as_json)
    elif as_json:
        show([], [], as_json=True)
    else:
        say(f"done, {counted(max(count, 0), 'row')} affected")
    _say_if_cut(rows, limit)


def _say_if_cut(rows: Sequence[object], limit: int) -> None:
    if len(rows) > limit:
        typer.echo(f"there are more rows than the {limit:,} shown; use --limit to show them", err=True)


def _check_query(query: str, *, write: bool) -> None:
    """Refuse an empty query, and several statements, which could end the read-only transaction and then write."""
    bare = _QUOTED.sub("", query).strip().rstrip(";").strip()
    if not bare:
        raise typer.BadParameter("the query is empty")
    if ";" in bare and not write:
        raise typer.BadParameter("without --write, only one statement is allowed at a time")


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
