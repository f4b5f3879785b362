"""`make torture`: inject faults into the way of files, then check the whole history; ends with status 1 on a violation.

First the sweep, which cuts every attempt at every step, then random runs.
"""

from __future__ import annotations

import random
import sys
import time
from collections import Counter
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from tests.torture.sweep import Points
from tests.torture.torturing import Torture
from tests.torture.world import worlds

SWEEP_SHARE = 0.6
FOREVER = float("inf")
console = Console(width=None if sys.stdout.isatty() else 160)


def main(
    seed: Annotated[int | None, typer.Option(help="What gives the order of all; printed at the start.")] = None,
    seconds: Annotated[int, typer.Option(help="How long the sweep and the random runs last together.")] = 900,
    whole_sweep: Annotated[bool, typer.Option("--whole-sweep", help="Sweep until no cut point is left.")] = False,
) -> None:
    """Torture a stack of its own, beside a running one or without one."""
    seed = random.randrange(1 << 32) if seed is None else seed
    console.print(f"seed {seed}: the same one gives the same faults, as far as clocks allow", highlight=False)
    started = time.monotonic()
    with worlds() as world:
        torture = Torture(world, random.Random(seed), lambda text: console.print(text, highlight=False, markup=False))
        points = torture.sweep(FOREVER if whole_sweep else seconds * SWEEP_SHARE)
        torture.random_runs(seconds * (1 - SWEEP_SHARE))
    show(torture, points, time.monotonic() - started)
    raise typer.Exit(1 if torture.found else 0)


def show(torture: Torture, points: list[Points], seconds: float) -> None:
    """Print what was done and what was found."""
    counts = Counter((how.value, name) for name, how, _ in torture.faults.told)
    names = [name for name, _ in Counter(name for name, _, _ in torture.faults.told).most_common()]
    table = Table("fault", *names, "all", title="Faults by kind, and whose attempt they met")
    for how in sorted({how for how, _ in counts}):
        row = [counts[how, name] for name in names]
        table.add_row(how, *(str(count or "") for count in row), str(sum(row)))
    console.print(table)
    visited = sum(each.count - sum(map(len, each.left.values())) for each in points)
    console.print(
        f"{dict(torture.ways)} ways, {visited} of {sum(each.count for each in points)} cut points visited, "
        f"{len(torture.faults.told)} faults, {len(torture.found)} violations, {seconds:.0f} s",
        highlight=False,
    )


if __name__ == "__main__":
    typer.run(main)
