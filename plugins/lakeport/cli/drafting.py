"""Commands that create a schema, from a sample file or from a skeleton."""

from __future__ import annotations

import re
import shlex
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from lakeport import settings
from lakeport.console.failures import WRONG
from lakeport.console.screen import JsonOption, show_json
from lakeport.errors import LakeportError, SchemaError
from lakeport.inference.draft import TO_DO, Draft
from lakeport.inference.infer import DEFAULT_ROWS, infer
from lakeport.schema.file_type import NAME
from lakeport.schema.reader import read_file_type
from lakeport.schema.skeleton import skeleton

SampleArgument = Annotated[
    Path,
    typer.Argument(
        help="Sample file: CSV or other delimited text, fixed width, JSON, XML, Parquet, ORC, Avro or Excel (.xlsx); "
        "it may be compressed."
    ),
]
NameOption = Annotated[
    str | None, typer.Option("--type", help="Name of the file type.  Default: from the name of the sample.")
]
RowsOption = Annotated[int, typer.Option(min=0, help="Number of rows to read; 0 reads the whole file.")]
WriteOption = Annotated[bool, typer.Option("--write", help="Write schemas/TYPE.yaml instead of printing the schema.")]
RejectsOption = Annotated[
    bool,
    typer.Option("--allow-rejects", help="Let --write write a schema with which the sample does not load completely."),
]
ForceOption = Annotated[bool, typer.Option("--force", help="Let --write replace an existing schema.")]
HeaderOption = Annotated[
    bool | None,
    typer.Option("--header/--no-header", help="Whether the first line holds the column names.  Default: detected."),
]


class Kind(StrEnum):
    """The file formats of a skeleton."""

    csv = "csv"
    delimited = "delimited"
    fixed_width = "fixed_width"
    json = "json"
    parquet = "parquet"
    orc = "orc"
    avro = "avro"
    xlsx = "xlsx"
    xml = "xml"


def infer_schema(
    sample: SampleArgument,
    file_type: NameOption = None,
    rows: RowsOption = DEFAULT_ROWS,
    header: HeaderOption = None,
    write: WriteOption = False,
    force: ForceOption = False,
    allow_rejects: RejectsOption = False,
    as_json: JsonOption = False,
) -> None:
    """Create a schema from a sample file.

    Types, lengths, null marker, date formats and column names come from the sample.
    A comment in the YAML marks each guess.

    Example: `./lakeport infer trains.csv --write`

    Exit status: 0 success, 1 the written schema is not valid, 2 the sample could not be read or the schema exists.
    """
    check_name(file_type)
    draft = infer(sample, name=file_type, most_rows=rows or None, has_header=header)
    if as_json:
        show_json(draft.as_json())
    else:
        is_written = write and (allow_rejects or not draft.unsolved)
        if is_written or not write:
            _print_or_write(draft.name, draft.as_yaml(), write=write, force=force, sample=str(sample))
        else:
            say_unsolved(draft)
    if draft.unsolved and not (write and allow_rejects):
        raise typer.Exit(WRONG)


def say_unsolved(draft: Draft) -> None:
    """Print why a load would not take the whole sample."""
    for line in (*draft.unsolved, *draft.notes):
        typer.secho(f"{draft.sample}: {line}", fg="red", err=True)
    typer.echo(
        "nothing was written: correct the sample, or use --header or --no-header; "
        "--allow-rejects writes the schema all the same",
        err=True,
    )


def new(
    file_type: Annotated[str, typer.Argument(metavar="TYPE", help="Name of the file type, such as trains.")],
    kind: Annotated[Kind, typer.Option("--format", help="Format of its files.")] = Kind.csv,
    write: WriteOption = False,
    force: ForceOption = False,
) -> None:
    """Create a commented schema to fill in.

    If you have a sample file, `./lakeport infer` creates a more complete one.

    Example: `./lakeport new trains --format json --write`

    Exit status: 0 success, 2 the name is not valid or the schema exists.
    """
    check_name(file_type)
    _print_or_write(file_type, skeleton(file_type, kind.value), write=write, force=force)


def check_name(name: str | None) -> None:
    """Raise BadParameter unless the name is that of a file type, or None."""
    if name is not None and not re.fullmatch(NAME, name):
        raise typer.BadParameter(
            f"{name!r} is not a valid file type: use lower-case letters, digits and underscores, at most 45, "
            "and begin with a letter"
        )


def _print_or_write(name: str, text: str, *, write: bool, force: bool, sample: str = "SAMPLE") -> None:
    if not write:
        typer.echo(text, nl=False)
        return
    path = settings.schemas_folder() / f"{name}.yaml"
    if path.exists() and not force:
        raise LakeportError(f"{path} exists; use --force to replace it, or choose another file type")
    path.write_text(text)
    typer.echo(f"wrote {path}")
    try:
        read_file_type(path)
    except SchemaError as error:
        typer.secho("\n".join(error.problems), fg="red", err=True)
        raise typer.Exit(WRONG) from error
    typer.echo(
        f"next: complete its {TO_DO}s, run ./lakeport plan {name} {shlex.quote(sample)}, then ./lakeport publish"
    )
