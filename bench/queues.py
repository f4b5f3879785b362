"""`python -m bench.queues`: simulate queues and slots: a day of files on MWAA, to see where it saturates first.

The simulation is seeded and has no clock: files arrive at random with a peak, each run of a file type takes worker
slots for its tasks one after the other, one run of a type at a time, and takes all files of its type that wait.
Redshift takes one COPY a run and so many at once.  docs/scale.md explains the parameters.
"""

from __future__ import annotations

import heapq
import random
import statistics
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from bench.table import Row

TASKS = 10
TASK_SECONDS = 4.0  # on MWAA a task is a new interpreter, and the scheduler takes a second or two between tasks
SECONDS_A_FILE = 0.05  # of the S3 calls and the statements of a further file in a run
COPY_TASK = 6
DAY_SECONDS = 86_400.0
PEAK_SHARE, PEAK_SECONDS = 0.5, 3_600.0  # half of a day's files arrive within an hour


@dataclass(frozen=True)
class Environment:
    """What runs at once."""

    name: str
    slots: int
    """Tasks that all workers run at once."""
    copies: int = 15
    """Statements that Redshift runs at once."""
    max_files: int = 500


@dataclass
class Day:
    """What a simulated day was like; seconds are from a file's arrival to its Done."""

    seconds: dict[int, list[float]] = field(default_factory=lambda: defaultdict(list))
    runs: int = 0
    busy_seconds: float = 0.0

    def p95(self, types: Sequence[int]) -> float:
        """Return the 95th percentile over these types."""
        return statistics.quantiles([each for kind in types for each in self.seconds[kind]], n=20)[-1]


def arrivals(files: int, types: int, seed: int) -> list[tuple[float, int]]:
    """Return the time and the type of each file of a day, in order."""
    order = random.Random(seed)
    found = []
    for _ in range(files):
        at = order.uniform(0, PEAK_SECONDS if order.random() < PEAK_SHARE else DAY_SECONDS)
        found.append((at, order.randrange(types)))
    return sorted(found)


def simulate(environment: Environment, landed: Sequence[tuple[float, int]]) -> Day:
    """Return the day of these arrivals."""
    day, waiting, running = Day(), defaultdict[int, list[float]](list), set[int]()
    slots = [0.0] * environment.slots
    copies = [0.0] * environment.copies
    events: list[tuple[float, int, int, int, tuple[float, ...]]] = []
    number = 0

    def put(at: float, kind: int, task: int, files: tuple[float, ...]) -> None:
        nonlocal number
        number += 1
        heapq.heappush(events, (at, number, kind, task, files))

    for at, kind in landed:
        put(at, kind, -1, ())
    while events:
        at, _, kind, task, files = heapq.heappop(events)
        if task < 0:
            waiting[kind].append(at)
        elif task < TASKS:
            seconds = TASK_SECONDS + (SECONDS_A_FILE * len(files) if task == COPY_TASK else 0)
            begin = max(at, heapq.heappop(slots))
            if task == COPY_TASK:
                begin = max(begin, heapq.heappop(copies))
                heapq.heappush(copies, begin + seconds)
            heapq.heappush(slots, begin + seconds)
            day.busy_seconds += seconds
            put(begin + seconds, kind, task + 1, files)
            continue
        else:
            running.discard(kind)
            day.seconds[kind] += [at - each for each in files]
        if kind not in running and waiting[kind]:
            taken, waiting[kind] = waiting[kind][: environment.max_files], waiting[kind][environment.max_files :]
            running.add(kind)
            day.runs += 1
            put(at, kind, 0, tuple(taken))
    return day


CLASSES = (
    Environment("mw1.small, 1 worker", 5),
    Environment("mw1.medium, 2 workers", 20),
    Environment("mw1.large, 5", 100),
)
TIMES_QUIET = 1.5


def flooded() -> tuple[float, float]:
    """Return the p95 of nine types on a quiet day, and on one on which a tenth gets 20,000 files in a minute."""
    environment, nine = CLASSES[1], range(9)
    quiet = [(at, kind) for at, kind in arrivals(2_000, 10, seed=1) if kind in nine]
    flood = [(PEAK_SECONDS / 2 + number * 60 / 20_000, 9) for number in range(20_000)]
    return simulate(environment, quiet).p95(nine), simulate(environment, sorted([*quiet, *flood])).p95(nine)


def rows() -> list[Row]:
    """Return whether one type starves others, in the simulation."""
    quiet, flood = flooded()
    return [
        Row(
            "nine types while a tenth gets 20,000 files in a minute, simulated",
            f"95% of the files of the nine are Done within {flood:.0f} s",
            f"without the tenth: {quiet:.0f} s",
            f"at most {TIMES_QUIET} times",
            flood / quiet / TIMES_QUIET,
            "A file type that suddenly gets very many files does not make the files of other types wait.",
        )
    ]


def main() -> None:
    """Print what a day is like by files a day and environment."""
    types = {24: 10, 1_000: 50, 10_000: 100, 1_000_000: 1_000}
    for files, kinds in types.items():
        landed = arrivals(files, kinds, seed=1)
        for environment in CLASSES:
            day = simulate(environment, landed)
            busy = day.busy_seconds / (environment.slots * DAY_SECONDS)
            p95 = day.p95(range(kinds))
            what = f"{files:9,} files, {kinds:5} types, {environment.name:21}"
            print(f"{what} {day.runs:7,} runs, p95 {p95:8.0f} s, slots busy {busy:5.1%}")


if __name__ == "__main__":
    main()
