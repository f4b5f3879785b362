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
"""The same for Airflow, of which one at a time uses a core."""
WHOLE_STACK = "stack"


def is_fast(item: pytest.Item) -> bool:
    """Return whether the test reaches no fixture that starts programs."""
    return STARTS_PROGRAMS not in getattr(item, "fixturenames", ())


def group_of(item: pytest.Item) -> str:
    """Return the shared fixtures that start the test's programs, or else its file."""
    assert isinstance(item, pytest.Function)
    if STARTS_AIRFLOW in item.fixturenames:
        return STARTS_AIRFLOW
    definitions = {name: found[-1] for name, found in item._fixtureinfo.name2fixturedefs.items()}
    shared = sorted(
        name for name, each in definitions.items() if each.scope != "function" and STARTS_PROGRAMS in each.argnames
    )
    return "+".join(shared) or item.path.name


def arrange(items: list[pytest.Item], is_parallel: bool) -> None:
    """Group the tests, and let slow groups start first.

    In one process the whole stack comes last: an idle Airflow takes a third of a core from all that come after.
    """
    groups = {item: group_of(item) for item in items}
    files = {item.path.name for item in items}
    order = {group: number for number, group in enumerate(dict.fromkeys(groups.values()))}

    def place(item: pytest.Item) -> tuple[bool, bool, bool, bool, int]:
        group = groups[item]
        starts_airflow = group == STARTS_AIRFLOW
        is_last, is_first = starts_airflow and not is_parallel, starts_airflow and is_parallel
        # The whole stack runs to the end of the session, so it starts after the other tests with an Airflow.
        has_whole_stack = WHOLE_STACK in getattr(item, "fixturenames", ())
        return (is_last, not is_first, has_whole_stack, is_fast(item), order[group] + (group in files) * len(order))

    items.sort(key=place)
    if is_parallel and os.environ["PYTEST_XDIST_WORKER"] == "gw0":
        _file().write_text(json.dumps({item.nodeid: group for item, group in groups.items()}))


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
