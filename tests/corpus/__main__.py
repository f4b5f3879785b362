"""`make corpus`: infer, plan, load and compare public files; ends with status 1 if a file is loaded wrongly."""

from __future__ import annotations

import os
import time
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from lakeport.files import s3_objects
from lakeport.redshift.connecting import connect_to_redshift
from lakeport.redshift.session import Warehouse
from local import stack as local_stack
from local.config import REPOSITORY
from tests.corpus import downloading, random_tables
from tests.corpus.loading import Loader, Outcome
from tests.support.stack import stack_of_its_own

CACHE = REPOSITORY / ".lakeport" / "corpus"
REASON_CHARACTERS = 200
_REPORTED_TABLES = 100


def main(
    only: Annotated[str, typer.Option(help="Load only the files whose path contains this text.")] = "",
    part: Annotated[str, typer.Option(help="Load a part of the files only: 2/8 is the second of eight.")] = "1/1",
    tables: Annotated[int, typer.Option(help="Load so many random tables instead, in all formats.")] = 0,
    seed: Annotated[int, typer.Option(help="The seed of the first random table; the next one has the next seed.")] = 1,
    files: Annotated[list[Path] | None, typer.Argument(help="Files to load instead of those of the packages.")] = None,
) -> None:
    """Load public files into a separate stack, beside a running one or without one."""
    scores = Counter[Outcome]()
    with TemporaryDirectory() as folder, stack_of_its_own() as start:
        written = [random_tables.write(number, Path(folder)) for number in range(seed, seed + tables)]
        number, parts = map(int, part.split("/"))
        paths = [path for path in written or files or downloading.files(CACHE) if only in str(path)]
        paths = sorted(paths[number - 1 :: parts], key=lambda path: path.stat().st_size)
        os.environ.update(local_stack.shell_environment(start("tables")))
        with Warehouse(connect_to_redshift) as warehouse:
            loader = Loader(warehouse, s3_objects.s3_client(), has_plan=not tables)
            for path in paths:
                started = time.monotonic()
                result = loader.run(path)
                scores[result.outcome] += 1
                seconds = time.monotonic() - started
                name = path.relative_to(CACHE) if path.is_relative_to(CACHE) else path
                words = " ".join(result.words.split())[:REASON_CHARACTERS]
                if not tables or result.outcome is not Outcome.equal:
                    typer.echo(f"{result.outcome:17} {seconds:5.1f} s  {name}: {words}")
                elif scores.total() % _REPORTED_TABLES == 0:
                    typer.echo(f"{scores.total():,} tables")
    typer.echo(f"{len(paths)} files: " + " / ".join(f"{outcome} {scores[outcome]}" for outcome in Outcome))
    is_bad = scores[Outcome.unclear] or scores[Outcome.different] or (tables and scores[Outcome.refused])
    raise typer.Exit(1 if is_bad else 0)


if __name__ == "__main__":
    typer.run(main)
