"""A live table: its differences from a schema, and the statements that rebuild it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from lakeport.redshift import ddl, live_table
from lakeport.redshift.ddl import Statement
from lakeport.redshift.live_table import LiveColumn
from lakeport.redshift.rebuilding import rebuild_statements
from tests.support.file_types import make_file_type

Render = Callable[[Statement], str]
LIVE = {
    "id": LiveColumn("integer", is_required=True),
    "city": LiveColumn("character varying(8)"),
    "price": LiveColumn("numeric(8,2)"),
    "_loaded_at": LiveColumn("timestamp without time zone", default="sysdate"),
}


def test_new_column_is_added(render: Render) -> None:
    file_type = make_file_type()
    live = {name: column for name, column in LIVE.items() if name != "price"}

    [column] = live_table.missing_columns(file_type, live)

    assert live_table.differences(file_type, live) == []
    assert (
        render(ddl.add_column(file_type.table, column)) == 'ALTER TABLE "lake"."trips" ADD COLUMN "price" decimal(8,2)'
    )


@pytest.mark.parametrize(
    "live",
    [
        LIVE,
        {**LIVE, "more": LiveColumn("integer")},
        {**LIVE, "more": LiveColumn("integer", is_required=True, default="1")},
        dict(reversed(LIVE.items())),
    ],
)
def test_table_that_fits_has_no_differences(live: dict[str, LiveColumn]) -> None:
    """Columns of the table that the schema does not name stay empty; the order does not matter."""
    assert live_table.differences(make_file_type(), live) == []
    assert live_table.missing_columns(make_file_type(), live) == []


def test_all_differences_are_reported_together() -> None:
    live = {
        "city": LiveColumn("character varying(4)"),
        "price": LiveColumn("integer", is_required=True),
        "more": LiveColumn("date", is_required=True),
    }

    assert live_table.differences(make_file_type(), live) == [
        "id is required but missing in the table",
        "city is character varying(4) in the table and character varying(8) in the schema",
        "price is integer in the table and numeric(8,2) in the schema",
        "price is NOT NULL in the table and not required in the schema",
        "more is NOT NULL in the table and missing in the schema",
        "_loaded_at is missing: Lakeport did not create this table",
    ]


def test_column_that_takes_null_against_the_schema_is_found() -> None:
    live = {**LIVE, "id": LiveColumn("integer")}

    assert [column.name for column in live_table.loose_columns(make_file_type(), live)] == ["id"]
    assert live_table.loose_columns(make_file_type(), LIVE) == []


def test_rebuilt_table_keeps_keys_defaults_and_other_columns() -> None:
    table = {"name": "lake.user", "dist_key": "user", "sort_key": ["user"]}
    columns = [{"name": "user", "type": "varchar(4)", "required": True}, {"name": "day", "type": "date"}]
    live = {
        "user": LiveColumn("character varying(8)", is_required=True, default="'x'::character varying"),
        "day": LiveColumn("character varying(10)"),
        "note": LiveColumn("integer", is_required=True, default="0"),
        "_loaded_at": LiveColumn("timestamp without time zone"),
    }

    assert rebuild_statements(make_file_type(table=table, columns=columns), live) == [
        "BEGIN;",
        'CREATE TABLE "lake"."user__lakeport_new" ("user" varchar(4) DEFAULT \'x\'::character varying NOT NULL, '
        '"day" date, "note" integer DEFAULT 0 NOT NULL, "_loaded_at" TIMESTAMP DEFAULT SYSDATE) '
        'DISTSTYLE KEY DISTKEY ("user") COMPOUND SORTKEY ("user");',
        'INSERT INTO "lake"."user__lakeport_new" ("user", "day", "note", "_loaded_at") '
        'SELECT "user", CAST("day" AS date), "note", "_loaded_at" FROM "lake"."user";',
        'COMMENT ON TABLE "lake"."user__lakeport_new" IS \'Trips, one row per trip.\';',
        'DROP TABLE "lake"."user";',
        'ALTER TABLE "lake"."user__lakeport_new" RENAME TO "user";',
        "COMMIT;",
    ]


def test_table_that_only_lacks_the_time_of_the_load_gets_it() -> None:
    live = {name: column for name, column in LIVE.items() if name != "_loaded_at"}

    assert rebuild_statements(make_file_type(), live) == [
        'ALTER TABLE "lake"."trips" ADD COLUMN "_loaded_at" TIMESTAMP DEFAULT SYSDATE;'
    ]


def test_live_columns_are_asked_for_with_bound_values() -> None:
    assert "%(schema_name)s" in live_table.live_columns_query()
    assert "%(table_name)s" in live_table.live_columns_query()
