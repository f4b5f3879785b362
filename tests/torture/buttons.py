"""What operators do with the buttons of Airflow's UI: clear, mark, delete."""

from __future__ import annotations

import random
from collections.abc import Callable

from tests.torture.checker import Violation
from tests.torture.light_airflow import Run
from tests.torture.ways import CutFor, Faults, no_cut, run_queued, settle
from tests.torture.world import World

CLEAR = "clear"
Press = Callable[[World, Run, random.Random], None]


def clear_run(world: World, run: Run, _: random.Random) -> None:
    """Clear all tasks."""
    world.commands.add(CLEAR)
    world.airflow.clear(run)


def clear_task_and_downstream(world: World, run: Run, order: random.Random) -> None:
    """Clear a task with those that follow; rather one that failed."""
    world.commands.add(CLEAR)
    world.airflow.clear(run, [_task(run, order)])


def clear_task(world: World, run: Run, order: random.Random) -> None:
    """Clear a task alone."""
    world.commands.add(CLEAR)
    world.airflow.clear(run, [_task(run, order)], is_downstream=False)


def mark_success(world: World, run: Run, order: random.Random) -> None:
    """Mark a task as successful."""
    world.commands.add(CLEAR)
    world.airflow.mark_success(run, _task(run, order))


def delete(world: World, run: Run, _: random.Random) -> None:
    """Delete the run."""
    world.deleted.add(run.run_id)
    world.airflow.delete(run)


BUTTONS: tuple[Press, ...] = (clear_run, clear_task_and_downstream, clear_task, mark_success, delete)


def press_some(world: World, order: random.Random, faults: Faults, cut_for: CutFor = no_cut) -> list[Violation]:
    """Press a few buttons, let all come to its end, and return what the history shows."""
    for _ in range(order.randint(1, 3)):
        ended = [run for run in world.airflow.runs.values() if run.dag_id.startswith("load_") and run.state != "queued"]
        if not ended:
            break
        order.choice(BUTTONS)(world, order.choice(ended), order)
        run_queued(world, cut_for, faults)
    world.attempts.wait_for_frozen()
    settle(world, no_cut, faults)
    return world.check()


def _task(run: Run, order: random.Random) -> str:
    failed = [task_id for task_id, state in run.states.items() if state == "failed"]
    return order.choice(failed or sorted(run.states))
