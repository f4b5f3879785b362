"""The way of some files from landing to their end, with faults in it."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from tests.torture.attempts import Outcome
from tests.torture.checker import Violation
from tests.torture.gate import Cut, How
from tests.torture.history import Drop, FileRow
from tests.torture.light_airflow import Run
from tests.torture.workload import MAX_REJECTED, Kind
from tests.torture.world import World

LAMBDA, CALLBACK, RECONCILE = "the Lambda", "the run's callback", "reconcile"
_ROUNDS = 8
STEPS_OF_A_COMMAND = 20
INTERRUPTIONS = (How.KILL_BEFORE, How.KILL_AFTER, How.DROP_BEFORE, How.DROP_AFTER)
CutFor = Callable[[str, int], Cut | None]
"""Return the cut of an attempt: the Lambda's, a task's or the callback's, by its number among those of its name."""


@dataclass
class Faults:
    """What was done so far, and to whom."""

    made: list[tuple[str, How, str]] = field(default_factory=list)
    """Of each fault: whose attempt, how, and what the attempt was doing."""
    steps: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """The steps of the longest attempt of each name."""

    def note(self, name: str, outcome: Outcome) -> None:
        """Note an attempt."""
        self.steps[name] = max(self.steps.get(name, ()), outcome.steps, key=len)
        if outcome.how:
            self.made.append((name, outcome.how, outcome.done_to))


def no_cut(_name: str, _number: int) -> Cut | None:
    """Leave every attempt alone."""
    return None


def go(world: World, name: str, kind: Kind, cut_for: CutFor, faults: Faults, note: str = "") -> None:
    """Drop the kind's files, register them and bring every run to its end."""
    drops = [world.drop(name, what, kind, note) for what in kind.files]
    if kind.is_given_up:
        world.give_up(drops)
    else:
        bring(world, drops, cut_for, faults)
    settle(world, cut_for, faults)


def go_and_give_up(
    world: World, name: str, kind: Kind, at: tuple[str, Cut], faults: Faults, *, is_called_back: bool
) -> None:
    """Drop the kind's files and give their run up where its task is killed, as though every try met the same end.

    Then nothing but reconcile is left to bring the files to an end, where the run's callback is lost, too.
    """
    drops = [world.drop(name, what, kind, f"given up: {at[0]} {at[1].how} step {at[1].step}") for what in kind.files]
    bring(world, drops, no_cut, faults)
    for run in world.airflow.queued():
        drive(world, run, in_order({at[0]: [at[1]]}), faults, is_abandoned=True, is_called_back=is_called_back)
    settle(world, no_cut, faults)


def replay(world: World, name: str, faults: Faults) -> list[Violation]:
    """Replay what failed of a type, and return the good files that do not come to a good end by it."""
    if not _failed(world, name):
        return []
    outcome = world.command("replay", "--type", name, "--older", "--yes")
    if outcome.error or outcome.result:
        return [Violation("replay refused", name, outcome.error or f"exit status {outcome.result}")]
    settle(world, no_cut, faults)
    good = {drop.version_id for drop in world.drops if len(drop.bad_lines) <= MAX_REJECTED and drop.rows}
    return [
        Violation("replay in vain", f"{file.key} {file.version_id}", str(file.status_reason))
        for file in _failed(world, name)
        # After a bad file, later ones of a merged table wait until it is fixed.
        if file.version_id in good and "waits for" not in str(file.status_reason)
    ]


def load_again_and_take_out(world: World, order: random.Random, faults: Faults) -> list[Violation]:
    """Replay a file that is Done, check, then undo it, each interrupted once; return what is wrong after either."""
    appending = {target.name for target in world.targets.values() if target.mode in ("append", "new_table")}
    done = [file for file in world.history().files if file.status == "Done" and file.file_type in appending]
    if not done:
        return []
    selected = order.choice(sorted(done, key=lambda file: file.file_id))
    for command in ("replay", "undo"):
        is_cut = _is_interrupted(world, order, faults, command, selected.file_id)
        outcome = world.command(command, selected.file_id, "--yes")
        faults.note(f"./lakeport {command}", outcome)
        if (outcome.error or outcome.result) and not is_cut:  # what was cut may be done, and is refused then
            return [Violation(f"{command} refused", selected.key, outcome.error or f"exit status {outcome.result}")]
        settle(world, no_cut, faults)
        if found := world.check():
            return found
    return []


def _is_interrupted(world: World, order: random.Random, faults: Faults, command: str, file_id: str) -> bool:
    """Cut a first attempt of the command somewhere, and return whether it was cut."""
    name = f"./lakeport {command}"
    cut = Cut(order.randint(1, len(faults.steps.get(name, ())) or STEPS_OF_A_COMMAND), order.choice(INTERRUPTIONS))
    outcome = world.command(command, file_id, "--yes", cut=cut)
    faults.note(name, outcome)
    settle(world, no_cut, faults)
    return outcome.how is not None


def _failed(world: World, name: str) -> list[FileRow]:
    return [file for file in world.history().files if file.status == "Fail" and file.file_type == name]


def in_order(cuts: Mapping[str, Sequence[Cut]]) -> CutFor:
    """Cut the first attempts of each name, one cut each; those behind them are spared."""
    left = {name: list(of_name) for name, of_name in cuts.items()}
    return lambda name, _: left[name].pop(0) if left.get(name) else None


def bring(world: World, drops: list[Drop], cut_for: CutFor, faults: Faults) -> None:
    """Bring the drops' events to the Lambda, as often as it takes."""
    number = 1
    while True:  # SQS delivers again what was not acknowledged
        outcome = world.register(drops, cut_for(LAMBDA, number))
        faults.note(LAMBDA, outcome)
        if not outcome.is_killed and not outcome.error and not outcome.result["batchItemFailures"]:
            break
        number += 1


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


def drive(
    world: World,
    run: Run,
    cut_for: CutFor,
    faults: Faults,
    *,
    is_abandoned: bool = False,
    is_called_back: bool = True,
) -> None:
    """Bring one run to its end; if that is a failure, call it back."""
    world.airflow.drive(run, cut_for, is_abandoned=is_abandoned)
    for task_id, outcome in world.airflow.outcomes:
        faults.note(task_id, outcome)
        world.note_repeated_alerts(run, outcome)
    if run.state == "failed" and is_called_back:
        faults.note(CALLBACK, world.call_back(run, cut_for(CALLBACK, 1)))
