"""The simulation of docs/scale.md is repeatable, and loads every file once."""

from __future__ import annotations

from bench.queues import (
    CLASSES,
    COPY_TASK,
    SECONDS_A_FILE,
    TASK_SECONDS,
    TASKS,
    Environment,
    arrivals,
    flooded,
    simulate,
)


def test_the_same_seed_gives_the_same_day() -> None:
    days = [simulate(CLASSES[0], arrivals(300, 5, seed=7)) for _ in range(2)]
    assert days[0] == days[1]
    assert simulate(CLASSES[0], arrivals(300, 5, seed=8)) != days[0]


def test_each_file_is_loaded_once_and_in_the_time_of_its_tasks_at_least() -> None:
    day = simulate(CLASSES[0], arrivals(300, 5, seed=7))
    seconds = [each for of_type in day.seconds.values() for each in of_type]
    assert len(seconds) == 300
    assert min(seconds) >= TASKS * TASK_SECONDS + SECONDS_A_FILE - 1e-6
    assert 0 <= COPY_TASK < TASKS


def test_a_run_takes_so_many_files_at_most() -> None:
    landed = [(0.0, 0)] * 25
    assert simulate(Environment("one type", 5, max_files=10), landed).runs == 4  # the first has the first file only


def test_a_flood_of_one_type_does_not_delay_the_others() -> None:
    quiet, flood = flooded()
    assert flood <= 1.5 * quiet
