"""The two ways in which Redshift may answer where AWS's documentation is silent.

The stand-in answers by settings of the session; `./lakeport redshift --hostile` makes them the default.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial

import pytest
from psycopg2.extensions import connection

from lakeport.redshift.connecting import connect_to_redshift
from lakeport.redshift.session import Warehouse

Answers = Mapping[str, object]
HOSTILE: Answers = {"views_late_seconds": 0.5, "id_offset": 1000, "unknown_lines": "split"}
both_ways = pytest.mark.parametrize("answers", [{}, HOSTILE], ids=["as documented", "hostile"])
"""Run a test both ways: its sessions are those of the fixture `warehouse`, or of `answering`."""


@contextmanager
def answering(**answers: object) -> Iterator[Warehouse]:
    """Connect to the stand-in in sessions in which it answers as these settings say."""
    with Warehouse(partial(connected, answers)) as warehouse:
        yield warehouse


def connected(answers: Answers) -> connection:
    """Open a session in which the stand-in answers as these settings say."""
    opened = connect_to_redshift()
    with opened, opened.cursor() as current:
        for name, value in answers.items():
            current.execute(f"SET lakeport.{name} TO '{value}'")
    return opened
