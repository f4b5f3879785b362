"""`make torture`: inject faults while files are loaded, then check the history; ends with status 1 on a violation.

First the sweep, which cuts every attempt at every step, then random runs, then kills in a whole Airflow.
"""

from __future__ import annotations

import random
import sys
import time
from collections import Counter
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from tests.torture.gate import How

if TYPE_CHECKING:
    from tests.torture.sweep import Points
    from tests.torture.torturing import Torture

console = Console(width=None if sys.stdout.isatty() else 160)


def main(
    seed: Annotated[int | None, typer.Option(help="What gives the order of all; printed at the start.")] = None,
    seconds: Annotated[int, typer.Option(help="How long the sweep and the random runs last together.")] = 900,
    airflow_seconds: Annotated[int, typer.Option(help="How long parts of a whole Airflow are killed; 0: not.")] = 60,
    whole_sweep: Annotated[bool, typer.Option("--whole-sweep", help="Sweep until no cut point is left.")] = False,
    sweep_share: Annotated[float, typer.Option(help="Which part of the seconds the sweep gets.", min=0, max=1)] = 0.6,
    hostile: Annotated[
        bool, typer.Option("--hostile", help="Start the stand-in with --hostile, except in the whole Airflow.")
    ] = False,
) -> None:
    """Torture a separate stack, beside a running one or without one."""
    from tests.torture import whole_airflow  # noqa: PLC0415 - the help is shown without Airflow
    from tests.torture.torturing import FOREVER, Torture  # noqa: PLC0415 - the same
    from tests.torture.world import worlds  # noqa: PLC0415 - the same

    seed = random.randrange(1 << 32) if seed is None else seed
    console.print(f"seed {seed}: the same one gives the same faults, as far as clocks allow", highlight=False)
    started = time.monotonic()
    with worlds(is_hostile=hostile) as world:
        torture = Torture(world, random.Random(seed), lambda text: console.print(text, highlight=False, markup=False))
        sweep_seconds = FOREVER if whole_sweep else seconds * sweep_share
        points = torture.sweep(sweep_seconds) if sweep_seconds else []
        torture.random_runs(seconds * (1 - sweep_share))
    if airflow_seconds:
        killed, found = whole_airflow.torture(torture.order, airflow_seconds, torture.report)
        torture.faults.made += [(victim, How.KILL_DURING, "whole Airflow") for victim in killed.elements()]
        torture.found += found
        for each in found:
            torture.report(str(each))
    show(torture, points, time.monotonic() - started)
    raise typer.Exit(1 if torture.found else 0)


def show(torture: Torture, points: list[Points], seconds: float) -> None:
    """Print what was done and what was found."""
    table = Table("whose attempt", *(how.name.lower().replace("_", " ") for how in How), "all", title="Faults")
    counts = Counter((name, how) for name, how, _ in torture.faults.made)
    for name, count in Counter(name for name, _, _ in torture.faults.made).most_common():
        table.add_row(name, *(str(counts[name, how] or "") for how in How), str(count))
    table.add_section()
    by_how = Counter(how for _, how, _ in torture.faults.made)
    table.add_row("all", *(str(by_how[how] or "") for how in How), str(by_how.total()))
    console.print(table)
    visited = sum(each.count - sum(map(len, each.left.values())) for each in points)
    killed_by_name = Counter(name for name, _, what in torture.faults.made if what == "whole Airflow")
    if killed_by_name:
        console.print(f"killed in a whole Airflow: {dict(killed_by_name)}", highlight=False)
    console.print(
        f"{dict(torture.ways)} ways, {visited} of {sum(each.count for each in points)} cut points visited, "
        f"{len(torture.faults.made)} faults, {len(torture.found)} violations, {seconds:.0f} s",
        highlight=False,
    )


if __name__ == "__main__":
    typer.run(main)
