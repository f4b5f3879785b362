"""The `lakeport` command: what people do from a shell, one module per family of commands."""

from __future__ import annotations

import typer

from lakeport.cli import accounts, authoring, healing, replaying, sending
from lakeport.cli.failures import Commands

app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",  # joins the lines of a docstring's paragraph
    help="Files land in S3; Lakeport turns them into Redshift tables.  Exit status: 0 all is well, 1 something of "
    "yours is wrong (a schema, rows of a sample), 2 the command could not do its work.",
    epilog="lakeport deploy takes this to AWS; lakeport redshift starts the Redshift stand-in.  Both have --help.",
)
authoring.add_to(app)
sending.add_to(app)
accounts.add_to(app)
healing.add_to(app)
replaying.add_to(app)

__all__ = ["app"]
