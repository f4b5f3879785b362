"""The `lakeport` command: what people do from a shell."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from lakeport import landing, mng, settings
from lakeport.credentials import connect_to_redshift
from lakeport.dag_runs import arrival_run_id, dag_run_api
from lakeport.errors import SchemaError
from lakeport.mng import TaskRun
from lakeport.publishing import publish as publish_index
from lakeport.publishing import rule_of
from lakeport.schema_yaml import read_file_type, schema_paths
from lakeport.statements import statement
from lakeport.warehouse import Warehouse

app = typer.Typer(no_args_is_help=True, help="Files land in S3; Lakeport turns them into Redshift tables.")
mng_app = typer.Typer(no_args_is_help=True, help="The tables in which Lakeport keeps account of every file and row.")
app.add_typer(mng_app, name="mng")
console = Console(width=None if sys.stdout.isatty() else 160)

FileTypeOption = Annotated[str | None, typer.Option("--type", help="Only files of this type.")]
LimitOption = Annotated[int, typer.Option(help="How many rows at most.")]


@mng_app.command("init")
def mng_init() -> None:
    """Create the mng tables that are missing; safe to repeat."""
    with Warehouse(connect_to_redshift) as warehouse:
        warehouse.transaction(lambda current: current.execute(statement("mng/tables")))
    console.print("mng tables are there")


@app.command()
def validate() -> None:
    """Check every schema; exit status 1 if one is broken."""
    problems: list[str] = []
    for path in schema_paths(settings.schemas_folder()):
        try:
            read_file_type(path)
        except SchemaError as error:
            problems += error.problems
    _report(problems)
    console.print(f"{len(schema_paths(settings.schemas_folder()))} schemas are good")


@app.command()
def publish() -> None:
    """Tell registration of the schemas: upload their index to the code bucket; safe to repeat."""
    index, problems = publish_index(landing.s3_client(), settings.schemas_folder())
    console.print(f"published {len(index.rules)} file types: {', '.join(rule.file_type for rule in index.rules)}")
    _report(problems)


@app.command()
def drop(
    files: Annotated[list[Path], typer.Argument(help="Files to upload.", exists=True, dir_okay=False)],
    folder: Annotated[
        str | None, typer.Option(help="Folder in the landing bucket; else that of the one file type.")
    ] = None,
) -> None:
    """Drop files into the landing bucket, each in the folder of the type that takes its name."""
    rules = [rule_of(read_file_type(path)) for path in schema_paths(settings.schemas_folder())]
    s3 = landing.s3_client()
    for file in files:
        folders = [folder] if folder else sorted({r.folder for r in rules if r.matches(f"{r.folder}/{file.name}")})
        if len(folders) != 1:
            raise typer.BadParameter(f"{file.name}: {len(folders)} folders take this name; say which with --folder")
        key = f"{folders[0].strip('/')}/{file.name}".lstrip("/")
        s3.upload_file(str(file), settings.landing_bucket(), key)
        console.print(f"{file} -> s3://{settings.landing_bucket()}/{key}")


@app.command()
def status(file_type: FileTypeOption = None, limit: LimitOption = 20) -> None:
    """Show the newest files with their status and rows."""
    titles = ["landed (UTC)", "key", "status", "in file", "loaded", "rejected", "reason", "file id"]
    _show(titles, _query("mng/status_of_files", {"file_type": file_type, "limit": limit}))


@app.command()
def errors(file_type: FileTypeOption = None, limit: LimitOption = 20) -> None:
    """Show the newest rejected rows: line, column, value, reason and the full line."""
    titles = ["key", "line", "column", "value", "reason", "full line"]
    _show(titles, _query("mng/errors_of_files", {"file_type": file_type, "limit": limit}))


@app.command()
def replay(
    file_ids: Annotated[list[str] | None, typer.Argument(help="File ids, or their first characters.")] = None,
    file_type: FileTypeOption = None,
) -> None:
    """Load failed files again: set them from Fail to New and start their runs; safe to repeat."""
    if not file_ids and not file_type:
        raise typer.BadParameter("name file ids, or a type with --type")
    with Warehouse(connect_to_redshift) as warehouse:
        chosen = [
            row
            for row in _query("mng/failed_files", {})
            if (not file_ids or row[0].startswith(tuple(file_ids))) and file_type in (None, row[1])
        ]
        by = TaskRun("lakeport replay", "", "replay")
        moved = [row[0] for row in chosen]
        warehouse.transaction(lambda current: mng.move(current, moved, by, from_=["Fail"], to="New", reason="replay"))
    for name in sorted({row[1] for row in chosen}):
        of_type = [row[0] for row in chosen if row[1] == name]
        dag_run_api().start(f"load_{name}", arrival_run_id(of_type, datetime.now(UTC).isoformat()))
    _show(["file id", "type", "key"], chosen)
    console.print(f"{len(chosen)} files are New again" if chosen else "no file in status Fail fits")


def _query(name: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    def read(current: Any) -> list[tuple[Any, ...]]:
        current.execute(statement(name), values)
        rows: list[tuple[Any, ...]] = current.fetchall()
        return rows

    with Warehouse(connect_to_redshift) as warehouse:
        return warehouse.transaction(read)


def _show(titles: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    table = Table()
    for title in titles:
        table.add_column(title, overflow="fold")
    for row in rows:
        table.add_row(*(Text(_cell(value)) for value in row))
    console.print(table)


def _cell(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat(" ", "seconds")
    return "" if value is None else f"{value:,}" if isinstance(value, int) else str(value)


def _report(problems: Sequence[str]) -> None:
    for problem in problems:
        console.print(problem, style="red", markup=False, highlight=False)
    if problems:
        raise typer.Exit(1)


if __name__ == "__main__":
    app()
