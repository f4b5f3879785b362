"""Commands that upload: the index of schemas to the code bucket, files to the landing bucket."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from lakeport import settings
from lakeport.arrivals.publishing import publish as publish_index
from lakeport.arrivals.publishing import rule_of
from lakeport.arrivals.rules import ArrivalRule
from lakeport.console.failures import WRONG
from lakeport.console.screen import JsonOption, say, show_json, show_problems
from lakeport.errors import SchemaError
from lakeport.files import s3_objects
from lakeport.schema.reader import read_file_type, schema_paths

FilesArgument = Annotated[list[Path], typer.Argument(help="Files to upload.", exists=True, dir_okay=False)]
FolderOption = Annotated[
    str | None, typer.Option(help="Folder in the landing bucket.  Default: that of the file type matching the name.")
]


def add_to(app: typer.Typer) -> None:
    """Add the commands of this family."""
    for command in (publish, drop):
        app.command(rich_help_panel="Upload")(command)


def publish() -> None:
    """Upload the index of all schemas to the code bucket, where registration reads it.

    Schemas that are not valid are left out and reported.  The command is safe to repeat.

    Example: `./lakeport publish`

    Exit status: 0 success, 1 a schema is not valid, 2 the index could not be uploaded.
    """
    index, problems = publish_index(s3_objects.s3_client(), settings.schemas_folder())
    say(f"published {len(index.rules)} file types: {', '.join(rule.file_type for rule in index.rules)}")
    show_problems(problems)
    if problems:
        raise typer.Exit(WRONG)


def drop(files: FilesArgument, folder: FolderOption = None, as_json: JsonOption = False) -> None:
    """Upload files to the landing bucket, each to the folder of its file type.

    The landing pattern of the schemas decides which file type a file name belongs to.

    Example: `./lakeport drop trains.csv`

    Exit status: 0 success, 2 a name matches no file type or several, or the upload failed.
    """
    places = [(file, _key(file, folder, _rules())) for file in files]
    bucket, s3 = settings.landing_bucket(), s3_objects.s3_client()
    with _progress(is_shown=not as_json) as progress:
        for file, key in places:
            task = progress.add_task(file.name, total=file.stat().st_size)
            s3.upload_file(str(file), bucket, key, Callback=lambda sent, task=task: progress.advance(task, sent))
    if as_json:
        show_json([{"file": str(file), "bucket": bucket, "key": key} for file, key in places])
        return
    for file, key in places:
        say(f"{file} -> s3://{bucket}/{key}")


def _rules() -> list[ArrivalRule]:
    """Return the rules of all valid schemas, and warn of the others."""
    rules = []
    for path in schema_paths(settings.schemas_folder()):
        try:
            rules.append(rule_of(read_file_type(path)))
        except SchemaError as error:
            typer.secho(f"skipped: {error.problems[0]}", fg="yellow", err=True)
    return rules


def _key(file: Path, folder: str | None, rules: Sequence[ArrivalRule]) -> str:
    if folder is not None:
        return f"{folder.strip('/')}/{file.name}".lstrip("/")
    matching = [rule for rule in rules if rule.matches(f"{rule.plain_folder}/{file.name}".lstrip("/"))]
    folders = sorted({rule.plain_folder for rule in matching})
    if not folders:
        patterns = ", ".join(rule.pattern for rule in rules) or "none, there is no valid schema"
        raise typer.BadParameter(
            f"{file.name} matches no file type (patterns: {patterns}); choose a folder with --folder"
        )
    if len(folders) > 1:
        raise typer.BadParameter(f"{file.name} matches several folders: {', '.join(folders)}; choose one with --folder")
    return f"{folders[0]}/{file.name}".lstrip("/")


def _progress(*, is_shown: bool) -> Progress:
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    screen = Console(stderr=True)  # standard output is for the result
    return Progress(*columns, console=screen, transient=True, disable=not (is_shown and screen.is_terminal))
