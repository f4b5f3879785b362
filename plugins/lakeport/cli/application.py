"""Put the families of commands together into one application."""

from __future__ import annotations

from typing import Annotated

import typer

import lakeport
from lakeport.cli import authoring, inspecting, querying, reconciling, replaying, sending
from lakeport.console.failures import Commands

_HELP = """Load files that land in S3 into Redshift tables, and account for every file and row.

Exit status: 0 success, 1 a schema or rows of a sample are wrong, 2 the command could not do its work.
"""


def application(group: type[Commands] = Commands) -> typer.Typer:
    """Return the application; `group` may add commands that this package must not import."""
    made = typer.Typer(
        cls=group,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode="markdown",  # joins the lines of a docstring's paragraph
    )
    made.callback(help=_HELP)(_options)
    for family in (authoring, sending, inspecting, querying, reconciling, replaying):
        family.add_to(made)
    return made


def _print_version(is_asked: bool) -> None:
    if is_asked:
        typer.echo(f"lakeport {lakeport.__version__}")
        raise typer.Exit


def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Take the options before the command."""


app = application()
