"""Commands that check schemas and generate the files of the schema language."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from lakeport import settings
from lakeport.cli.schema_files import paths_of
from lakeport.console.failures import UNABLE, WRONG
from lakeport.console.screen import JsonOption, say, show_json, show_problems
from lakeport.errors import SchemaError
from lakeport.inference.draft import TO_DO
from lakeport.schema.conflicts import problems_between
from lakeport.schema.file_type import FileType
from lakeport.schema.reader import read_file_type, schema_paths
from lakeport.schema.reference import json_schema, reference
from lakeport.wording import amount

FilesArgument = Annotated[
    list[str] | None,
    typer.Argument(metavar="[TYPE]...", help="File types, or paths of YAML files or folders.  Default: every schema."),
]
CheckOption = Annotated[bool, typer.Option("--check", help="Write nothing; report files that are out of date.")]


def validate(names: FilesArgument = None, as_json: JsonOption = False) -> None:
    """Check schemas: each on its own, and all for conflicts between them.

    Each problem is printed with its file, line and key.

    Example: `./lakeport validate flights`

    Exit status: 0 every schema is valid, 1 at least one problem, 2 there is no such schema.
    """
    every = schema_paths(settings.schemas_folder()) if settings.schemas_folder().is_dir() else []
    given = list(paths_of(names or []))
    asked = {path.resolve() for path in (given if names else every)}
    types, problems = _read([*every, *(path for path in given if path.resolve() not in set(every))])
    found = [problem for path, of_path in problems.items() if path.resolve() in asked for problem in of_path]
    labels = tuple(f"{path.parent.name}/{path.name}:" for path in asked)
    found += [problem for problem in problems_between(types) if problem.startswith(labels) or not names]
    found = list(dict.fromkeys(found))
    if as_json:
        show_json({"schemas": len(asked), "problems": found})
    else:
        show_problems(found)
    if not asked and not found:
        typer.echo(
            f"no schemas in {settings.schemas_folder()}; `./lakeport infer SAMPLE --write` creates one", err=True
        )
        raise typer.Exit(UNABLE)
    if found:
        raise typer.Exit(WRONG)
    if not as_json:
        _say_what_is_unchecked(types[path] for path in types if path.resolve() in asked)
        _say_who_is_not_alerted(types[path] for path in types if path.resolve() in asked)
        for path in types:
            if path.resolve() in asked and (lines := _lines_to_do(path)):
                left = ", ".join(f"line {line}" for line in lines)
                typer.secho(f"{path.parent.name}/{path.name}: valid, but {TO_DO} is left in {left}", fg="yellow")
        say(amount(len(asked), "valid schema"))


def docs(check: CheckOption = False) -> None:
    """Generate schemas/schema.json and docs/schema.md from the model of the schema language.

    Editors complete and check schemas by schemas/schema.json; docs/schema.md explains every key.

    Example: `./lakeport docs --check`

    Exit status: 0 the files are up to date, 1 --check found a difference.
    """
    home = settings.home()
    texts = {home / "schemas" / "schema.json": json_schema(), home / "docs" / "schema.md": reference()}
    stale = [path for path, text in texts.items() if not path.exists() or path.read_text() != text]
    for path in stale:
        if not check:
            path.parent.mkdir(exist_ok=True)
            path.write_text(texts[path])
        say(f"{'out of date: ' if check else 'wrote '}{path.relative_to(home)}")
    if stale and check:
        typer.echo("run `./lakeport docs` to write them", err=True)
        raise typer.Exit(WRONG)
    if not stale:
        say("schemas/schema.json and docs/schema.md are up to date")


def _lines_to_do(path: Path) -> list[int]:
    """Return the numbers of the lines that a person has to complete; a comment alone in its line is none."""
    lines = enumerate(path.read_text().splitlines(), start=1)
    return [number for number, line in lines if TO_DO in line and not line.lstrip().startswith("#")]


def _say_what_is_unchecked(types: Iterable[FileType]) -> None:
    """Report the landing buckets that were not checked, on a computer that does not know those of a deployment."""
    if settings.landing_names() is not None:
        return
    for file_type in types:
        if (bucket := file_type.landing.bucket) != settings.DEFAULT_LANDING:
            what = f"not checked: schemas/{file_type.name}.yaml: landing.bucket: whether there is a bucket {bucket}"
            typer.echo(f"{what}; ./lakeport deploy checks it, and so does this command after make up", err=True)


def _say_who_is_not_alerted(types: Iterable[FileType]) -> None:
    """Report the file types whose failures reach nobody."""
    silent = [each.name for each in types if not each.alerts.slack and not each.alerts.email]
    if silent:
        where = "set alerts in the schema or in schemas/_defaults.yaml"
        typer.echo(f"nobody is alerted about failed files of {', '.join(silent)}; {where}", err=True)


def _read(paths: list[Path]) -> tuple[dict[Path, FileType], dict[Path, tuple[str, ...]]]:
    types, problems = {}, {}
    for path in paths:
        try:
            types[path] = read_file_type(path)
        except SchemaError as error:
            problems[path] = error.problems
    return types, problems
