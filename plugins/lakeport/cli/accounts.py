"""Commands that look at what happened to files and rows."""

from __future__ import annotations

import re
from typing import Annotated, Any

import typer
from psycopg2.extensions import cursor

from lakeport import settings
from lakeport.cli.schema_files import what_there_is
from lakeport.cli.screen import JsonOption, say, show
from lakeport.cli.warehouse_rows import rows_of
from lakeport.mng.tables import make_tables
from lakeport.model import Status
from lakeport.redshift.connecting import connect_to_redshift
from lakeport.redshift.session import Warehouse

TypeOption = Annotated[str | None, typer.Option("--type", help="Only files of this type.")]
StatusOption = Annotated[
    Status | None, typer.Option("--status", case_sensitive=False, help="Only files of this status.")
]
LimitOption = Annotated[int, typer.Option(min=1, help="How many rows at most.")]
WriteOption = Annotated[bool, typer.Option("--write", help="Let the statement change data.")]
_QUOTED = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/|\$(\w*)\$.*?\$\1\$", re.DOTALL)
_STATUS = ["landed (UTC)", "key", "status", "in file", "loaded", "rejected", "reason", "file id"]
_ERRORS = ["key", "line", "column", "value", "reason", "full line"]


def add_to(app: typer.Typer) -> None:
    """Add the commands of this family."""
    for command in (status, errors, sql):
        app.command(rich_help_panel="See what happened")(command)
    accounts = typer.Typer(no_args_is_help=True, help="The tables in which Lakeport keeps account of files and rows.")
    accounts.command("init")(mng_init)
    app.add_typer(accounts, name="mng", rich_help_panel="See what happened")


def mng_init() -> None:
    """Create the mng tables, or bring those of an earlier Lakeport up to this one; safe to repeat."""
    with Warehouse(connect_to_redshift) as warehouse:
        make_tables(warehouse)
    say("mng tables are there")


def status(
    file_type: TypeOption = None,
    only: StatusOption = None,
    limit: LimitOption = 20,
    as_json: JsonOption = False,
) -> None:
    """Show the newest files with their status and rows."""
    values = {"file_type": file_type, "status": only.value if only else None, "limit": limit}
    what = f"is {only.value}" if only else "has landed"
    show(_STATUS, rows_of("mng/status_of_files", values), as_json=as_json, empty=_nothing(what, file_type))


def errors(file_type: TypeOption = None, limit: LimitOption = 20, as_json: JsonOption = False) -> None:
    """Show the newest rejected rows: line, column, value, reason and the full line."""
    rows = rows_of("mng/errors_of_files", {"file_type": file_type, "limit": limit})
    show(_ERRORS, rows, as_json=as_json, empty=_nothing("was rejected", file_type))


def sql(
    query: Annotated[str, typer.Argument(help="One statement, as in: SELECT COUNT(*) FROM lake.flights")],
    write: WriteOption = False,
    limit: LimitOption = 1000,
    as_json: JsonOption = False,
) -> None:
    """Run a statement and show its rows; it may only read, unless --write is given."""
    _check_query(query, write=write)

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
        say(f"done; {max(count, 0):,} rows")
    if len(rows) > limit:
        typer.echo(f"these are the first {limit:,} rows; --limit shows more", err=True)


def _check_query(query: str, *, write: bool) -> None:
    """Refuse what is no statement, and what could end its transaction and go on to write."""
    bare = _QUOTED.sub("", query).strip().rstrip(";").strip()
    if not bare:
        raise typer.BadParameter("there is no statement in it")
    if ";" in bare and not write:
        raise typer.BadParameter("only one statement at a time may read; several need --write")


def _nothing(what: str, file_type: str | None) -> str:
    """Say that there is nothing, and where a type has no schema, which have one."""
    if file_type is None:
        return f"nothing {what} yet"
    has_schema = (settings.schemas_folder() / f"{file_type}.yaml").is_file()
    return f"nothing {what} yet for type {file_type}" + ("" if has_schema else f"; {what_there_is(file_type)}")
