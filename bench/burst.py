"""`make burst`: drop thousands of small files at once, with lost and duplicate events.

It starts a separate stack on free ports, drops the files over many file types, waits until no work is left, reconciles,
checks every row of every file, and prints the time and the number of statements that Redshift received.
"""

from __future__ import annotations

from typing import Annotated

import typer

LEAST_TYPES = 10  # the stack waits for as many DAGs as the repository has schemas
WINDOW_SECONDS = 20  # ArrivalWindowSeconds in infra/main.yaml


def main(
    files: Annotated[int, typer.Option(help="How many files.")] = 10_000,
    types: Annotated[int, typer.Option(min=LEAST_TYPES, help="How many file types.")] = 50,
    seed: Annotated[int, typer.Option(help="Which events are lost and doubled.")] = 1,
    window: Annotated[int, typer.Option(help="How many seconds the queue collects events.")] = WINDOW_SECONDS,
) -> None:
    """Drop, wait, check and print; ends with status 1 if a file is not accounted for."""
    from bench.bursting import burst  # noqa: PLC0415 - the help is shown without Airflow

    raise typer.Exit(1 if burst(files, types, seed, window) else 0)


if __name__ == "__main__":
    typer.run(main)
