"""Commands that check schemas and write what is made from their language."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lakeport import settings
from lakeport.cli.failures import UNABLE, WRONG
from lakeport.cli.schema_files import paths_of
from lakeport.cli.screen import JsonOption, say, show_json, show_problems
from lakeport.errors import SchemaError
from lakeport.inference.draft import TO_DO
from lakeport.schema.conflicts import problems_between
from lakeport.schema.file_type import FileType
from lakeport.schema.reader import read_file_type, schema_paths
from lakeport.schema.reference import json_schema, reference

FilesArgument = Annotated[
    list[str] | None,
    typer.Argument(metavar="[TYPE]...", help="File types, or paths of their YAMLs; without any, all of them."),
]
CheckOption = Annotated[bool, typer.Option("--check", help="Write nothing; exit status 1 if a file differs.")]


def validate(names: FilesArgument = None, as_json: JsonOption = False) -> None:
    """Check schemas, each by itself and all together; exit status 1 if something is wrong."""
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
            f"there is no schema in {settings.schemas_folder()}; `./lakeport infer SAMPLE --write` makes one", err=True
        )
        raise typer.Exit(UNABLE)
    if found:
        raise typer.Exit(WRONG)
    if not as_json:
        for path, file_type in types.items():
            if path.resolve() in asked and TO_DO in path.read_text():
                typer.secho(f"{path.parent.name}/{path.name}: good, with {TO_DO}s left ({file_type.name})", fg="yellow")
        say(f"{len(asked)} schemas are good")


def docs(check: CheckOption = False) -> None:
    """Write schemas/schema.json, for editors, and docs/schema.md, the reference page, from the language's model."""
    home = settings.home()
    texts = {home / "schemas" / "schema.json": json_schema(), home / "docs" / "schema.md": reference()}
    stale = [path for path, text in texts.items() if not path.exists() or path.read_text() != text]
    for path in stale:
        if not check:
            path.parent.mkdir(exist_ok=True)
            path.write_text(texts[path])
        say(f"{'differs: ' if check else 'wrote '}{path.relative_to(home)}")
    if stale and check:
        typer.echo("`./lakeport docs` writes them", err=True)
        raise typer.Exit(WRONG)
    if not stale:
        say("schemas/schema.json and docs/schema.md are as the model says")


def _read(paths: list[Path]) -> tuple[dict[Path, FileType], dict[Path, tuple[str, ...]]]:
    types, problems = {}, {}
    for path in paths:
        try:
            types[path] = read_file_type(path)
        except SchemaError as error:
            problems[path] = error.problems
    return types, problems
