"""Column types: what a schema may write, and what it is told otherwise."""

from __future__ import annotations

import pytest

from lakeport.schema.column_type import ColumnType


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
    """A live table's numeric(18,0) is no difference to a schema's decimal."""
    assert ColumnType.parse("decimal") == ColumnType.parse("numeric(18,0)")


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("varchr(20)", "'varchr(20)' is not a column type; did you mean 'varchar'?"),
        ("varchar", "varchar needs a length in bytes from 1 to 65535, as in varchar(20)"),
        ("varchar(0)", "varchar needs a length in bytes from 1 to 65535, as in varchar(20)"),
        ("varchar(65536)", "varchar needs a length in bytes from 1 to 65535, as in varchar(20)"),
        ("varchar(1,2)", "varchar needs a length in bytes from 1 to 65535, as in varchar(20)"),
        ("char(4097)", "char needs a length in bytes from 1 to 4096, as in char(20)"),
        ("integer(4)", "integer takes no arguments"),
    ],
)
def test_wrong_type_is_told_what_is_allowed(written: str, problem: str) -> None:
    with pytest.raises(ValueError, match=r".") as raised:
        ColumnType.parse(written)

    assert str(raised.value) == problem


@pytest.mark.parametrize("written", ["decimal(0)", "decimal(39)", "decimal(8,9)", "decimal(38,38)"])
def test_decimal_beyond_redshift_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="decimal takes a precision from 1 to 38 and a scale up to it"):
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
def test_hostile_type_is_refused_in_no_time(written: str) -> None:
    """What is accepted goes into SQL as it is, so nothing else may be."""
    with pytest.raises(ValueError, match="is not a column type") as raised:
        ColumnType.parse(written)

    assert len(str(raised.value)) < 300
