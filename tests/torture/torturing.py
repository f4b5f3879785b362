"""Torture a world for a while: which faults come when, and what was found."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from tests.torture import random_runs, sweep
from tests.torture.checker import Violation
from tests.torture.ways import Faults
from tests.torture.workload import Kind
from tests.torture.world import World

GIVEN_UP = 0.1
"""Which part of the sweep's worlds are about runs that are given up."""
REPORT_EVERY_SECONDS = 10
FOREVER = float("inf")


@dataclass(frozen=True)
class End:
    """When a part of the torture ends: at a time of the clock that never goes back, or after so many ways in all."""

    at: float
    ways: float


@dataclass
class Torture:
    """What is tortured, with what has been done and found so far."""

    world: World
    order: random.Random
    report: Callable[[str], None] = lambda _: None
    faults: Faults = field(default_factory=Faults)
    found: list[Violation] = field(default_factory=list)
    ways: Counter[str] = field(default_factory=Counter)
    reported_at: float = 0.0

    def sweep(
        self, seconds: float = FOREVER, kinds: Sequence[Kind] = sweep.KINDS, ways: float = FOREVER
    ) -> list[sweep.Points]:
        """See which points there are, visit them so long, so many ways, or until none is left; return all points."""
        points = [sweep.points_of(self.world, kind, self.order) for kind in kinds]
        end = self._end(seconds, ways)
        while not self._is_over(end) and (left := [each for each in points if each.ways]):
            of_kind = self.order.choice(left)
            if self.order.random() < GIVEN_UP:
                self.note("given up", sweep.give_up(self.world, of_kind, self.order, self.faults), end)
            else:
                self.note("sweep", sweep.visit(self.world, of_kind, self.faults), end)
        return points

    def random_runs(self, seconds: float = FOREVER, ways: float = FOREVER) -> None:
        """Let random faults meet random workloads so long, or so many ways."""
        end = self._end(seconds, ways)
        while not self._is_over(end):
            seed = self.order.randrange(1 << 32)
            self.note("random", random_runs.go(self.world, seed, self.faults), end)

    def note(self, what: str, ways: Iterator[list[Violation]], end: End) -> None:
        """Count sequences and print what they found."""
        for found in ways:
            self.ways[what] += 1
            for violation in found:
                self.report(str(violation))
            if found:
                self.report("    " + "\n    ".join(f"{name}: {fault}" for name, _, fault in self.faults.made[-12:]))
            self.found += found
            now = time.monotonic()
            if now > self.reported_at + REPORT_EVERY_SECONDS:
                self.reported_at = now
                done = f"{self.ways.total()} ways, {len(self.faults.made)} faults, {len(self.found)} violations"
                self.report(f"{done}; {what}, {max(0, end.at - now):.0f} s left")
            if self._is_over(end):
                return

    def _end(self, seconds: float, ways: float) -> End:
        return End(time.monotonic() + seconds, self.ways.total() + ways)

    def _is_over(self, end: End) -> bool:
        return time.monotonic() > end.at or self.ways.total() >= end.ways
