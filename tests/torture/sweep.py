"""The systematic sweep: each attempt at loading some files is cut at its first step, its second, and so on."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Mapping, Sequence

from tests.torture.checker import Violation
from tests.torture.gate import OF_AIRFLOW, Cut, How
from tests.torture.ways import CALLBACK, LAMBDA, RECONCILE, Faults, go, go_and_give_up, in_order, no_cut, replay
from tests.torture.workload import Kind
from tests.torture.world import World

HOWS = (How.KILL_BEFORE, How.KILL_AFTER, How.DROP_BEFORE, How.DROP_AFTER)
MODES = {
    "append": ("newest", "all"),
    "truncate": ("newest",),  # only the last file's rows stay, so that no schema may ask for all
    "replace": ("newest",),
    "merge": ("newest", "all"),
    "slice": ("newest", "all"),
    "history": ("newest", "all"),
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
    Kind("merge", extra="deletes"),
    Kind("history", extra="deletes"),
    Kind("merge", "newest", extra="snapshot"),
    Kind("history", extra="snapshot"),
    Kind(extra="checks", warns=True),
    Kind("slice", extra="checks"),
    Kind(select="newest", encryption="pgp"),
    Kind(encryption="pgp", compression="zip", files=("good", "too many bad rows")),
    Kind(encryption="client_side"),
    Kind(format="xml"),
    Kind("history", "newest", format="xml"),
    Kind(format="record types"),
    Kind(is_given_up=True),
)
NAME, COPY = "sweep", "copy_to_table"
HALF = 0.5
NOT_TASKS = {LAMBDA, CALLBACK, RECONCILE}
WAYS_A_WORLD = 6
CUTS_OF_EACH = 3
"""A file type's table is new to the first way in a world, and has rows for the others."""


class Points:
    """The cut points of one kind: each step of each attempt, with each thing that can be done to it.

    While a file is copied, it is also overwritten at each step.
    """

    def __init__(
        self, kind: Kind, steps: Mapping[str, Sequence[str]], order: random.Random, overwrite: Callable[[], None]
    ) -> None:
        self.kind = kind
        self.steps = {name: len(taken) for name, taken in steps.items()}
        self.left = {name: list(_cuts(taken)) for name, taken in steps.items()}
        self.left[COPY] += [Cut(number, How.MEANWHILE, overwrite) for number in range(1, self.steps[COPY] + 1)]
        self.count = sum(map(len, self.left.values()))
        for cuts in self.left.values():
            order.shuffle(cuts)

    @property
    def ways(self) -> int:
        """Return how many more ways there are to go: each visits a few points of every attempt."""
        return math.ceil(max(map(len, self.left.values())) / CUTS_OF_EACH)

    def next(self) -> dict[str, list[Cut]]:
        """Take the next points of each attempt; the try behind them is spared."""
        return {name: [cuts.pop() for _ in range(min(CUTS_OF_EACH, len(cuts)))] for name, cuts in self.left.items()}


def _cuts(steps: Sequence[str]) -> Iterator[Cut]:
    for number, step in enumerate(steps, start=1):
        for how in HOWS:
            if how in OF_AIRFLOW or not step.startswith("Airflow "):
                yield Cut(number, how)


def points_of(world: World, kind: Kind, order: random.Random) -> Points:
    """Load files of this kind without a fault, to see its steps.

    Raises AssertionError where even so the history is not as it must be.
    """
    faults = Faults()

    world.begin({NAME: kind})
    go(world, NAME, kind, no_cut, faults)
    found = world.check()
    if found:
        raise AssertionError(f"{kind}, without any fault:\n" + "\n".join(map(str, found)))
    return Points(kind, faults.steps, order, world.overwrite)


def visit(world: World, points: Points, faults: Faults) -> Iterator[list[Violation]]:
    """Run a few sequences of one kind in a separate world, and yield what the history shows after each."""
    world.begin({NAME: points.kind})
    for _ in range(min(WAYS_A_WORLD, points.ways)):
        cuts = points.next()
        note = "; ".join(f"{name} {cut.how} step {cut.step}" for name, of_name in cuts.items() for cut in of_name)
        try:
            go(world, NAME, points.kind, in_order(cuts), faults, note)
            found = world.check()
        except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to these points
            found = [Violation("the way broke off", f"{points.kind}: {note}", repr(error))]
        yield found
        if found:
            return


def give_up(world: World, points: Points, order: random.Random, faults: Faults) -> Iterator[list[Violation]]:
    """Go a few ways that end in a given-up run, and yield what the history shows, also after a replay."""
    world.begin({NAME: points.kind})
    for _ in range(WAYS_A_WORLD):
        name = order.choice([each for each in points.steps if each not in NOT_TASKS])
        at = (name, Cut(order.randint(1, points.steps[name]), order.choice((How.KILL_BEFORE, How.KILL_AFTER))))
        try:
            go_and_give_up(world, NAME, points.kind, at, faults, is_called_back=order.random() < HALF)
            found = world.check() or [*replay(world, NAME, faults), *world.check()]
        except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to this way
            found = [Violation("the way broke off", f"{points.kind}: given up: {at}", repr(error))]
        yield found
        if found:
            return
