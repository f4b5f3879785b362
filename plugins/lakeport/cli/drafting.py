"""Commands that begin a schema: from a sample file, or from nothing."""

from __future__ import annotations

import re
import shlex
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from lakeport import settings
from lakeport.cli.failures import WRONG
from lakeport.cli.screen import JsonOption, show_json
from lakeport.errors import LakeportError, SchemaError
from lakeport.inference.draft import TO_DO
from lakeport.inference.infer import DEFAULT_ROWS, infer
from lakeport.schema.file_type import NAME
from lakeport.schema.reader import read_file_type
from lakeport.schema.skeleton import skeleton

SampleArgument = Annotated[
    Path,
    typer.Argument(
        help="A sample: CSV or other delimited text, fixed width, JSON, Parquet, ORC, Avro, Excel's .xlsx; compressed "
        "or zipped as it comes."
    ),
]
NameOption = Annotated[str | None, typer.Option("--type", help="The file type's name; else the sample's.")]
RowsOption = Annotated[int, typer.Option(min=0, help="How many rows to read; 0 is the whole file.")]
WriteOption = Annotated[bool, typer.Option("--write", help="Write schemas/<type>.yaml instead of printing it.")]
ForceOption = Annotated[bool, typer.Option("--force", help="Let --write replace a schema that is there.")]
HeaderOption = Annotated[
    bool | None, typer.Option("--header/--no-header", help="Whether the first line names the columns; else a guess.")
]


class Kind(StrEnum):
    """The formats a skeleton can be of."""

    csv = "csv"
    delimited = "delimited"
    fixed_width = "fixed_width"
    json = "json"
    parquet = "parquet"
    orc = "orc"
    avro = "avro"
    xlsx = "xlsx"


def infer_schema(
    sample: SampleArgument,
    file_type: NameOption = None,
    rows: RowsOption = DEFAULT_ROWS,
    header: HeaderOption = None,
    write: WriteOption = False,
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Write the schema of a sample file, with a comment where it guesses."""
    _check_name(file_type)
    draft = infer(sample, name=file_type, most_rows=rows or None, has_header=header)
    if as_json:
        show_json(draft.as_json())
        return
    _give(draft.name, draft.as_yaml(), write=write, force=force, sample=str(sample))


def new(
    file_type: Annotated[str, typer.Argument(metavar="TYPE", help="The file type's name, as in trains.")],
    kind: Annotated[Kind, typer.Option("--format", help="How its files are written.")] = Kind.csv,
    write: WriteOption = False,
    force: ForceOption = False,
) -> None:
    """Write a commented schema to fill in; `infer` makes a better one where there is a sample file."""
    _check_name(file_type)
    _give(file_type, skeleton(file_type, kind.value), write=write, force=force)


def _check_name(name: str | None) -> None:
    if name is not None and not re.fullmatch(NAME, name):
        raise typer.BadParameter(f"{name!r}: lower-case letters, digits and underscores, a letter first, at most 45")


def _give(name: str, text: str, *, write: bool, force: bool, sample: str = "SAMPLE") -> None:
    if not write:
        typer.echo(text, nl=False)
        return
    path = settings.schemas_folder() / f"{name}.yaml"
    if path.exists() and not force:
        raise LakeportError(f"{path} is there; --force replaces it; or choose another name for the type")
    path.write_text(text)
    typer.echo(f"wrote {path}")
    try:
        read_file_type(path)
    except SchemaError as error:
        typer.secho("\n".join(error.problems), fg="red", err=True)
        raise typer.Exit(WRONG) from error
    typer.echo(
        f"next: do its {TO_DO}s, try it with ./lakeport plan {name} {shlex.quote(sample)}, then ./lakeport publish"
    )
