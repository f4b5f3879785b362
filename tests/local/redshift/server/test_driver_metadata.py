"""redshift_connector's own calls on catalogs and types: what it sends to Redshift, and the answers it expects."""

import datetime as dt
from typing import Any

import pytest
import redshift_connector
from redshift_connector.interval import IntervalDayToSecond, IntervalYearToMonth

from tests.support.redshift_stand_in import PASSWORD

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")


@pytest.fixture
def cursor(stand_in: Any) -> Any:
    place = {"host": "127.0.0.1", "port": stand_in.port, "database": "lakeport", "user": "lakeport"}
    with (
        redshift_connector.connect(**place, password=PASSWORD, ssl=False) as connection,
        connection.cursor() as cursor,
    ):
        yield cursor
        connection.rollback()


def test_metadata_calls_find_tables_columns_and_keys(cursor: Any) -> None:
    cursor.execute("CREATE SCHEMA metadata")
    cursor.execute("CREATE TABLE metadata.book (isbn int, part smallint, name varchar(40), PRIMARY KEY (isbn, part))")
    cursor.execute("CREATE TEMP TABLE draft (name varchar(20), price decimal(8,2))")
    tables = cursor.get_tables(schema_pattern="metadata")
    assert [tuple(row[:4]) for row in tables] == [("lakeport", "metadata", "book", "TABLE")]
    columns = cursor.get_columns(schema_pattern="metadata", tablename_pattern="book")
    assert [(row[3], row[5], row[6]) for row in columns] == [
        ("isbn", "int4", 10),
        ("part", "int2", 5),
        ("name", "varchar", 40),
    ]
    keys = cursor.get_primary_keys(schema="metadata", table="book")
    assert [tuple(row[2:5]) for row in keys] == [("book", "isbn", 1), ("book", "part", 2)]
    cursor.execute("SELECT column_name FROM svv_all_columns WHERE table_name = %s ORDER BY ordinal_position", ["draft"])
    assert cursor.fetchall() == (["name"], ["price"])


def test_intervals_have_the_two_types_of_redshift(cursor: Any) -> None:
    cursor.execute("CREATE TEMP TABLE t (n int, y intervaly2m, d intervald2s)")
    cursor.execute("INSERT INTO t VALUES (1, '1-2', '3 04:05:06')")
    month, second = IntervalYearToMonth(months=26), IntervalDayToSecond(microseconds=-(2**60) + 1)
    cursor.execute("INSERT INTO t VALUES (2, %s, %s)", [month, second])
    cursor.execute("SELECT y, d FROM t ORDER BY n")
    days = (3 * 24 + 4) * 3600 + 5 * 60 + 6
    first = [IntervalYearToMonth(months=14), IntervalDayToSecond(microseconds=days * 1_000_000)]
    assert list(cursor.fetchall()) == [first, [month, second]]


def test_interval_of_one_field_has_its_type(cursor: Any) -> None:
    cursor.execute("SELECT interval '13' month, interval '2' day, interval '90' minute")
    days = [IntervalDayToSecond(microseconds=minutes * 60_000_000) for minutes in (2 * 24 * 60, 90)]
    assert list(cursor.fetchall()) == [[IntervalYearToMonth(months=13), *days]]


def test_interval_without_a_qualifier_has_the_plain_type(cursor: Any) -> None:
    cursor.execute(
        "SELECT interval '1 day 2 hours', interval '14 months', '2024-01-03'::timestamp - '2024-01-01'::timestamp"
    )
    day, months, days = cursor.fetchone()
    assert (day, days) == (dt.timedelta(days=1, hours=2), dt.timedelta(days=2))
    assert (months.months, months.days, months.microseconds) == (14, 0, 0)
    cursor.execute("SELECT '2024-01-01'::timestamp + %s", [dt.timedelta(days=2, seconds=5)])
    assert cursor.fetchone() == [dt.datetime(2024, 1, 3, 0, 0, 5)]  # noqa: DTZ001 - a TIMESTAMP has no zone
