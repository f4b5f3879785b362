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

    def sweep(self, seconds: float, kinds: Sequence[Kind] = sweep.KINDS) -> list[sweep.Points]:
        """See which points there are, then visit them so long, or until none is left; return all points."""
        points = [sweep.points_of(self.world, kind, self.order) for kind in kinds]
        until = time.monotonic() + seconds
        while time.monotonic() < until and (left := [each for each in points if each.ways]):
            of_kind = self.order.choice(left)
            if self.order.random() < GIVEN_UP:
                self.note("given up", sweep.give_up(self.world, of_kind, self.order, self.faults), until)
            else:
                self.note("sweep", sweep.visit(self.world, of_kind, self.faults), until)
        return points

    def random_runs(self, seconds: float) -> None:
        """Let random faults meet random workloads so long."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            seed = self.order.randrange(1 << 32)
            self.note("random", random_runs.go(self.world, seed, self.faults), until)

    def note(self, what: str, ways: Iterator[list[Violation]], until: float) -> None:
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
                self.report(f"{done}; {what}, {max(0, until - now):.0f} s left")
            if now > until:
                return
