"""The systematic sweep: each attempt on the way of some files is cut at its first step, its second, and so on."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping

from tests.torture.checker import Violation
from tests.torture.gate import Cut, How
from tests.torture.ways import CutFor, Faults, go, no_cut
from tests.torture.workload import Kind
from tests.torture.world import World

HOWS = (How.KILL_BEFORE, How.KILL_AFTER, How.DROP_BEFORE, How.DROP_AFTER)
MODES = {
    "append": ("newest", "all"),
    "truncate": ("newest",),  # only the last file's rows stay, so that no schema may ask for all
    "replace": ("newest",),
    "merge": ("newest", "all"),
    "new_table": ("newest", "all"),
}
KINDS = (
    *(Kind(mode, select) for mode, selects in MODES.items() for select in selects),
    Kind(compression="zip", select="newest"),
    Kind(compression="zip", files=("good", "too many bad rows", "one bad row")),
    Kind(select="newest", files=("too many bad rows",)),
    Kind(files=("bad header", "good")),
    Kind(mode="merge", files=("good", "too many bad rows", "good")),
    Kind(max_files=1, warns=True),
)
NAME = "sweep"
WAYS_A_WORLD = 6
"""A file type's table is new to the first way in a world, and has rows for the others."""


class Points:
    """The cut points on the way of one kind: each step of each attempt, with each thing that can be done to it."""

    def __init__(self, kind: Kind, steps: Mapping[str, int], order: random.Random) -> None:
        self.kind = kind
        self.left = {
            name: [Cut(step, how) for step in range(1, count + 1) for how in HOWS] for name, count in steps.items()
        }
        self.count = sum(map(len, self.left.values()))
        for cuts in self.left.values():
            order.shuffle(cuts)

    @property
    def ways(self) -> int:
        """Return how many more ways there are to go: each visits a point of every attempt."""
        return max(map(len, self.left.values()))

    def next(self) -> dict[str, Cut]:
        """Take the next point of each attempt."""
        return {name: cuts.pop() for name, cuts in self.left.items() if cuts}


def points_of(world: World, kind: Kind, order: random.Random) -> Points:
    """Go the way of this kind without a fault, to see its steps.

    Raises AssertionError where even so the history is not as it must be.
    """
    faults = Faults()
    world.begin({NAME: kind})
    go(world, NAME, kind, no_cut, faults)
    found = world.check()
    if found:
        raise AssertionError(f"{kind}, without any fault:\n" + "\n".join(map(str, found)))
    return Points(kind, faults.steps, order)


def visit(world: World, points: Points, faults: Faults) -> Iterator[list[Violation]]:
    """Go a few ways of one kind in a world of their own, and yield what the history shows after each."""
    world.begin({NAME: points.kind})
    for _ in range(min(WAYS_A_WORLD, points.ways)):
        cuts = points.next()
        told = "; ".join(f"{name} {cut.how} step {cut.step}" for name, cut in cuts.items())
        try:
            go(world, NAME, points.kind, _once_each(cuts), faults, told)
            found = world.check()
        except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to these points
            found = [Violation("the way broke off", f"{points.kind}: {told}", repr(error))]
        yield found
        if found:
            return


def _once_each(cuts: dict[str, Cut]) -> CutFor:
    """Cut the first attempt of each name; the next one is spared."""
    left = dict(cuts)
    return lambda name, _: left.pop(name, None)
