"""A file type's table: its statements as the server reads them, and its differences to a live one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from lakeport.redshift import ddl
from lakeport.redshift.ddl import Statement
from tests.support.file_types import make_file_type

Render = Callable[[Statement], str]


def test_table_and_its_catalog_are_made_in_order(render: Render) -> None:
    assert [render(statement) for statement in ddl.create_table(make_file_type())] == [
        'CREATE SCHEMA IF NOT EXISTS "lake"',
        'CREATE TABLE IF NOT EXISTS "lake"."trips" ('
        '"id" integer NOT NULL, "city" varchar(8), "price" decimal(8,2), "_loaded_at" TIMESTAMP DEFAULT SYSDATE)',
        'COMMENT ON TABLE "lake"."trips" IS \'Trips, one row per trip.\'',
        'COMMENT ON COLUMN "lake"."trips"."city" IS \'Where the trip began\'',
    ]


@pytest.mark.parametrize(
    ("table", "layout"),
    [
        ({}, ""),
        ({"dist_key": "id"}, ' DISTSTYLE KEY DISTKEY ("id")'),
        ({"sort_key": ["city", "id"]}, ' COMPOUND SORTKEY ("city", "id")'),
        ({"dist_key": "id", "sort_key": ["id"]}, ' DISTSTYLE KEY DISTKEY ("id") COMPOUND SORTKEY ("id")'),
    ],
)
def test_keys_lay_out_the_table(render: Render, table: dict[str, Any], layout: str) -> None:
    _, create, *_ = ddl.create_table(make_file_type(table=table))

    assert render(create).endswith(f"SYSDATE){layout}")


@pytest.mark.parametrize(
    ("description", "literal"),
    [
        ("it's; DROP TABLE lake.trips; --", "'it''s; DROP TABLE lake.trips; --'"),
        ("100 % of {id} %s %(id)s", "'100 % of {id} %s %(id)s'"),
        ("C:\\temp\\'", "'C:\\temp\\'''"),
        ("für 🛫\n$$", "'für 🛫\n$$'"),
    ],
)
def test_hostile_description_stays_one_literal(render: Render, description: str, literal: str) -> None:
    columns = [{"name": "id", "type": "integer", "description": description}]

    *_, table, column = ddl.create_table(make_file_type(description=description, columns=columns))

    assert render(table) == f'COMMENT ON TABLE "lake"."trips" IS {literal}'
    assert render(column) == f'COMMENT ON COLUMN "lake"."trips"."id" IS {literal}'


def test_reserved_words_are_names_like_others(render: Render) -> None:
    file_type = make_file_type(table={"name": "table.select"}, columns=[{"name": "user", "type": "integer"}])

    _, create, *_ = ddl.create_table(file_type)

    assert render(create).startswith('CREATE TABLE IF NOT EXISTS "table"."select" ("user" integer')
