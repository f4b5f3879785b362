"""Names of tables and grants of the table modes; their rows are tested against the stand-in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from psycopg2 import sql

from lakeport.loading.replacing import grants_in
from lakeport.loading.table_modes import name_of_new_table, placing
from lakeport.model import RegisteredFile
from lakeport.redshift.ddl import Statement
from tests.support.file_types import make_file_type

Render = Callable[[Statement], str]
LANDED = datetime(2013, 1, 31, 10)  # noqa: DTZ001 - as Redshift keeps it
FILE = RegisteredFile("0123456789abcdef" * 4, "landing", "trips/'; DROP TABLE x.csv", "v1", "etag", 1, LANDED)


def test_name_of_a_new_table_has_day_and_file_but_not_the_key() -> None:
    assert name_of_new_table(make_file_type(), FILE) == "lake.trips_20130131_0123456789ab"


def test_longest_name_stays_a_name() -> None:
    """A cut in Redshift would make one table of two files."""
    file_type = make_file_type(table={"name": f"{'s' * 127}.{'t' * 127}", "mode": "new_table"})

    name = placing(file_type, FILE, "run1").table_name

    assert len(name.split(".")[1]) == 127
    assert name.endswith("t_20130131_0123456789ab")


def test_table_built_beside_has_another_name() -> None:
    beside = placing(make_file_type(table={"mode": "replace"}), FILE, "run1").destination

    assert beside.table.name == "lake.trips__lakeport_new"


@pytest.mark.parametrize(
    ("text", "grants"),
    [
        ("", []),
        ("bob=r/owner", ['GRANT SELECT ON "t" TO "bob"']),
        ("=ar/owner", ['GRANT INSERT ON "t" TO PUBLIC', 'GRANT SELECT ON "t" TO PUBLIC']),
        ("group readers=r/owner", ['GRANT SELECT ON "t" TO GROUP "readers"']),
        ("bob=r*w/owner", ['GRANT SELECT ON "t" TO "bob" WITH GRANT OPTION', 'GRANT UPDATE ON "t" TO "bob"']),
        (
            '"a=b ""c"""=d/owner\nb=x/owner',
            ['GRANT DELETE ON "t" TO "a=b ""c"""', 'GRANT REFERENCES ON "t" TO "b"'],
        ),
        ("bob=RtD/owner", []),
        ("no entry", []),
    ],
)
def test_access_list_becomes_grants(render: Render, text: str, grants: list[str]) -> None:
    assert [render(grant) for grant in grants_in(text, sql.Identifier("t"))] == grants
