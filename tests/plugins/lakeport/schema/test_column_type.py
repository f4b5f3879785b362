"""Column types: what a schema may write, and the errors of other types."""

from __future__ import annotations

import pytest

from lakeport.schema.column_type import ColumnType
from tests.support.golden import raises_golden


@pytest.mark.parametrize(
    ("written", "name", "in_catalog"),
    [
        ("smallint", "smallint", "smallint"),
        ("INT", "integer", "integer"),
        ("int8", "bigint", "bigint"),
        ("float", "double precision", "double precision"),
        ("double   precision", "double precision", "double precision"),
        (" bool ", "boolean", "boolean"),
        ("char(3)", "char(3)", "character(3)"),
        ("varchar(65535)", "varchar(65535)", "character varying(65535)"),
        ("VarChar ( 20 )", "varchar(20)", "character varying(20)"),
        ("decimal", "decimal(18,0)", "numeric(18,0)"),
        ("numeric(8)", "decimal(8,0)", "numeric(8,0)"),
        ("decimal( 8 , 2 )", "decimal(8,2)", "numeric(8,2)"),
        ("decimal(38,37)", "decimal(38,37)", "numeric(38,37)"),
        ("time", "time", "time without time zone"),
        ("timestamp", "timestamp", "timestamp without time zone"),
        ("timestamptz", "timestamptz", "timestamp with time zone"),
        ("super", "super", "super"),
    ],
)
def test_type_is_read_with_its_synonyms_and_blanks(written: str, name: str, in_catalog: str) -> None:
    column_type = ColumnType.parse(written)

    assert str(column_type) == name
    assert column_type.catalog_name() == in_catalog


def test_synonyms_are_one_type() -> None:
    """A live table's numeric(18,0) does not differ from a schema's decimal."""
    assert ColumnType.parse("decimal") == ColumnType.parse("numeric(18,0)")


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("varchr(20)", "'varchar'"),
        ("varchar", "65535"),
        ("varchar(0)", "65535"),
        ("varchar(65536)", "65535"),
        ("varchar(1,2)", "65535"),
        ("char(4097)", "4096"),
        ("integer(4)", "integer"),
    ],
)
def test_error_of_a_wrong_type_lists_what_is_allowed(written: str, value: str) -> None:
    with raises_golden(ValueError, "schema", f"column type {written}", value):
        ColumnType.parse(written)


@pytest.mark.parametrize("written", ["decimal(0)", "decimal(39)", "decimal(8,9)", "decimal(38,38)"])
def test_decimal_beyond_redshift_is_refused(written: str) -> None:
    with raises_golden(ValueError, "schema", "decimal out of range", "decimal", 38):
        ColumnType.parse(written)


@pytest.mark.parametrize(
    "written",
    [
        "",
        "(20)",
        "varchar(20",
        "varchar(-1)",
        "varchar(9999999)",
        "decimal(,2)",
        "varchar(20); DROP TABLE x",
        'integer"',
        "integer NOT NULL",
        "varchar(٢٠)",
        "a" + " " * 200_000 + "!",
        "(" * 200_000,
    ],
)
def test_hostile_type_is_refused_quickly(written: str) -> None:
    """An accepted type goes into SQL unchanged, so nothing else may be accepted."""
    with pytest.raises(ValueError, match=r"^'") as raised:
        ColumnType.parse(written)

    assert len(str(raised.value)) < 300
