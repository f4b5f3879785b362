"""Commands on Redshift itself: run a statement, create the mng tables."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from psycopg2.extensions import cursor

from lakeport.cli import deployments
from lakeport.cli.deployments import DeploymentOption
from lakeport.console.screen import JsonOption, LimitOption, say, show, show_first
from lakeport.mng.tables import make_tables
from lakeport.redshift.connecting import connect_to_redshift
from lakeport.redshift.session import Warehouse
from lakeport.schema.sql_text import outside_quotes
from lakeport.wording import amount

WriteOption = Annotated[bool, typer.Option("--write", help="Allow the statement to change data.")]
DatabaseOption = Annotated[
    str, typer.Option(metavar="NAME", help="The database that --deployment queries: the parameter RedshiftDatabase.")
]


def add_to(app: typer.Typer) -> None:
    """Add the commands of this family."""
    app.command(rich_help_panel="Inspect files and rows")(sql)
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
        show_first(found.titles, found.rows, limit, as_json=as_json)
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
        show_first(titles, rows, limit, as_json=as_json)
    elif as_json:
        show([], [], as_json=True)
    else:
        say(f"done, {amount(max(count, 0), 'row')} affected")


def _check_query(query: str, *, write: bool) -> None:
    """Refuse an empty query, and several statements, which could end the read-only transaction and then write."""
    bare = outside_quotes(query).strip().rstrip(";").strip()
    if not bare:
        raise typer.BadParameter("the query is empty")
    if ";" in bare and not write:
        raise typer.BadParameter("without --write, only one statement is allowed at a time")
