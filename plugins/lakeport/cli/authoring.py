"""Commands that help to write a schema."""

from __future__ import annotations

import typer

from lakeport import settings
from lakeport.cli.drafting import infer_schema, new
from lakeport.cli.failures import WRONG
from lakeport.cli.planning import plan
from lakeport.cli.screen import say, show_problems
from lakeport.errors import SchemaError
from lakeport.schema_yaml import read_file_type, schema_paths


def add_to(app: typer.Typer) -> None:
    """Add the commands of this family."""
    panel = "Write a schema"
    app.command("infer", rich_help_panel=panel)(infer_schema)
    app.command(rich_help_panel=panel)(new)
    app.command(rich_help_panel=panel)(validate)
    app.command(rich_help_panel=panel)(plan)


def validate() -> None:
    """Check every schema; exit status 1 if one is broken."""
    problems: list[str] = []
    for path in schema_paths(settings.schemas_folder()):
        try:
            read_file_type(path)
        except SchemaError as error:
            problems += error.problems
    show_problems(problems)
    if problems:
        raise typer.Exit(WRONG)
    say(f"{len(schema_paths(settings.schemas_folder()))} schemas are good")
