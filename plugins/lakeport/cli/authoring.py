"""Commands that help to write a schema."""

from __future__ import annotations

import typer

from lakeport.cli.adding import add
from lakeport.cli.checking import docs, validate
from lakeport.cli.drafting import infer_schema, new
from lakeport.cli.exporting import export_dbt
from lakeport.cli.planning import plan

_PANEL = "Write a schema"


def add_to(app: typer.Typer) -> None:
    """Add the commands of this family."""
    app.command(rich_help_panel=_PANEL)(add)
    app.command("infer", rich_help_panel=_PANEL)(infer_schema)
    app.command(rich_help_panel=_PANEL)(new)
    app.command(rich_help_panel=_PANEL)(validate)
    app.command(rich_help_panel=_PANEL)(plan)
    app.command(rich_help_panel=_PANEL)(docs)
    export = typer.Typer(no_args_is_help=True, help="Describe the loaded tables to other tools.")
    export.command("dbt")(export_dbt)
    app.add_typer(export, name="export", rich_help_panel=_PANEL)
