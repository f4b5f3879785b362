"""Which tests share started programs: each such group runs in one worker, so that nothing is started twice."""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path

import pytest
from xdist.scheduler import LoadScopeScheduling

from tests.support.session import FOLDER

STARTS_PROGRAMS = "starts_programs"
"""The fixture that every fixture and test requests that starts PostgreSQL, Airflow or other slow programs."""
STARTS_AIRFLOW = "starts_airflow"
"""The same for an Airflow of one's own."""
WHOLE_STACK = "stack"
"""The Airflow that the tests of end_to_end share."""
WITH_WORLDS = "redshift with worlds"
"""About half of the tests that share the fixture `redshift`: it starts in seconds, and all of them take minutes."""
LONGEST_FIRST = (
    WHOLE_STACK,
    "redshift",
    WITH_WORLDS,
    "build+cloud",
    "engine+start_parts",
    "world",
    STARTS_AIRFLOW,
    "checks",
    "test_session.py",
)
"""The groups that take minutes: one that started last would keep one worker busy and the others waiting."""


def is_fast(item: pytest.Item) -> bool:
    """Return whether the test reaches no fixture that starts programs."""
    return STARTS_PROGRAMS not in getattr(item, "fixturenames", ())


def group_of(item: pytest.Item) -> str:
    """Return the shared fixtures that start the test's programs, or else its file."""
    assert isinstance(item, pytest.Function)
    if WHOLE_STACK in item.fixturenames:
        return WHOLE_STACK
    definitions = {name: found[-1] for name, found in item._fixtureinfo.name2fixturedefs.items()}
    shared = sorted(
        name for name, each in definitions.items() if each.scope != "function" and STARTS_PROGRAMS in each.argnames
    )
    if len(shared) > 1 and STARTS_AIRFLOW in shared:
        shared.remove(STARTS_AIRFLOW)  # what the Airflow runs on takes as long to start
    if shared == ["redshift"] and "world" in item.fixturenames:
        return WITH_WORLDS
    return "+".join(shared) or (STARTS_AIRFLOW if STARTS_AIRFLOW in item.fixturenames else item.path.name)


def arrange(items: list[pytest.Item], is_parallel: bool) -> None:
    """Group the tests, and let slow groups start first.

    In one process Airflow comes last, so that its tests are not between others.
    """
    groups = {item: group_of(item) for item in items}
    files = {item.path.name for item in items}
    longest = (group for group in LONGEST_FIRST if group in groups.values())
    order = {group: number for number, group in enumerate(dict.fromkeys((*longest, *groups.values())))}
    last = {} if is_parallel else {STARTS_AIRFLOW: 1, WHOLE_STACK: 2}

    def place(item: pytest.Item) -> tuple[int, bool, int]:
        group = groups[item]
        is_short = group in files and group not in LONGEST_FIRST
        return (last.get(group, 0), is_fast(item), order[group] + is_short * len(order))

    items.sort(key=place)
    if is_parallel and os.environ["PYTEST_XDIST_WORKER"] == "gw0":
        _file().write_text(json.dumps({item.nodeid: group for item, group in groups.items()}))


def give_way(item: pytest.Item) -> None:
    """Run a worker's tests with less priority than those of the whole stack: nothing else takes so long as their chain.

    A worker that has them runs them first, and then others.
    """
    if hasattr(item.config, "workerinput") and group_of(item) != WHOLE_STACK:
        _lower_priority()


@cache
def _lower_priority() -> None:
    os.nice(5)


class GroupScheduling(LoadScopeScheduling):  # type: ignore[misc]
    """Send the tests of one group to one worker, in the order of collection.

    pytest-xdist 3.8's own loadgroup adds the group to the test's id, which pytest 9.2 ignores.
    """

    def _split_scope(self, nodeid: str) -> str:
        return _groups()[nodeid]


@cache
def _groups() -> dict[str, str]:
    """Return the groups that a worker has written; the controller itself collects nothing."""
    found: dict[str, str] = json.loads(_file().read_text())
    return found


def _file() -> Path:
    return Path(os.environ[FOLDER]) / "groups.json"
