"""Only a level under which arrivals roll loads back is a problem."""

from __future__ import annotations

import pytest

from lakeport.redshift.isolation import level_of, problem_with


@pytest.mark.parametrize("level", ["Snapshot Isolation", "SNAPSHOT", None])
def test_suitable_or_unknown_level_is_accepted(level: str | None) -> None:
    assert problem_with(level, "lakeport") is None


def test_statement_that_fixes_it_quotes_the_name() -> None:
    problem = problem_with("Serializable", 'my "lake"')
    assert problem
    assert problem.endswith('ALTER DATABASE "my ""lake""" ISOLATION LEVEL SNAPSHOT')


def test_level_is_that_of_the_database() -> None:
    """Names and levels are padded with blanks, as CHAR columns are."""
    rows = [("dev       ", "Serializable        "), ("lakeport  ", "Snapshot Isolation  ")]
    assert level_of(rows, "lakeport") == "Snapshot Isolation"
    assert level_of(rows, "other") is None
