"""The way of some files from landing to their end, with faults in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from tests.torture.attempts import Outcome
from tests.torture.gate import Cut, How
from tests.torture.light_airflow import Run
from tests.torture.workload import Kind
from tests.torture.world import World

LAMBDA, CALLBACK, RECONCILE = "the Lambda", "the run's callback", "reconcile"
_ROUNDS = 8
CutFor = Callable[[str, int], Cut | None]
"""Return the cut of an attempt: the Lambda's, a task's or the callback's, by its number among those of its name."""


@dataclass
class Faults:
    """What was done so far, and to whom."""

    told: list[tuple[str, How, str]] = field(default_factory=list)
    """Of each fault: whose attempt, how, and what the attempt was doing."""
    steps: dict[str, int] = field(default_factory=dict)
    """The most steps that an attempt of each name had."""

    def note(self, name: str, outcome: Outcome) -> None:
        """Note an attempt."""
        self.steps[name] = max(self.steps.get(name, 0), len(outcome.steps))
        if outcome.how:
            self.told.append((name, outcome.how, outcome.done_to))


def no_cut(_name: str, _number: int) -> Cut | None:
    """Leave every attempt alone."""
    return None


def go(world: World, name: str, kind: Kind, cut_for: CutFor, faults: Faults, told: str = "") -> None:
    """Drop the kind's files, register them and bring every run to its end."""
    drops = [world.drop(name, what, kind, told) for what in kind.files]
    number = 1
    while True:  # SQS delivers again what was not acknowledged
        outcome = world.register(drops, cut_for(LAMBDA, number))
        faults.note(LAMBDA, outcome)
        if not outcome.is_killed and not outcome.error and not outcome.result["batchItemFailures"]:
            break
        number += 1
    settle(world, cut_for, faults)


def settle(world: World, cut_for: CutFor, faults: Faults) -> None:
    """Run what waits, and reconcile, until reconcile finds nothing and no run waits."""
    for _ in range(_ROUNDS):
        run_queued(world, cut_for, faults)
        run = Run(RECONCILE, f"scheduled__{next(world.source.numbers)}")
        world.airflow.runs[run.dag_id, run.run_id] = run
        drive(world, run, cut_for, faults)
        if run.state == "success" and not run.xcoms[RECONCILE, "return_value"] and not world.airflow.queued():
            return
    raise TimeoutError(f"reconcile still found something to do in round {_ROUNDS}")


def run_queued(world: World, cut_for: CutFor, faults: Faults) -> None:
    """Bring every queued run to its end, and call back those that failed."""
    while queued := world.airflow.queued():
        for run in queued:
            drive(world, run, cut_for, faults)


def drive(world: World, run: Run, cut_for: CutFor, faults: Faults, *, is_abandoned: bool = False) -> None:
    """Bring one run to its end; if that is a failure, call it back."""
    world.airflow.drive(run, cut_for, is_abandoned=is_abandoned)
    for task_id, outcome in world.airflow.outcomes:
        faults.note(task_id, outcome)
        world.note_retold(run.run_id, outcome)
    if run.state == "failed":
        faults.note(CALLBACK, world.call_back(run, cut_for(CALLBACK, 1)))
