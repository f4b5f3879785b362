"""Redshift's column types, as a schema writes them and as the catalog shows them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache

from lakeport.schema.written_values import quoted

_NAMES = {
    "smallint": "smallint",
    "integer": "integer",
    "bigint": "bigint",
    "decimal": "numeric",
    "real": "real",
    "double precision": "double precision",
    "boolean": "boolean",
    "char": "character",
    "varchar": "character varying",
    "date": "date",
    "time": "time without time zone",
    "timestamp": "timestamp without time zone",
    "timestamptz": "timestamp with time zone",
    "super": "super",
}
_SYNONYMS = {"int2": "smallint", "int": "integer", "int4": "integer", "int8": "bigint", "numeric": "decimal"}
_SYNONYMS |= {"float4": "real", "float": "double precision", "float8": "double precision", "bool": "boolean"}
_OTHER_DATABASES = {
    **dict.fromkeys(("datetime", "datetime2", "smalldatetime"), "timestamp"),
    **dict.fromkeys(
        ("text", "string", "nvarchar", "clob", "str", "object"), "varchar with a length, as in varchar(256)"
    ),
    **dict.fromkeys(("json", "jsonb", "struct", "array", "map", "variant"), "super"),
    **dict.fromkeys(("tinyint", "byte", "int16"), "smallint"),
    **dict.fromkeys(("int32", "serial", "mediumint"), "integer"),
    **dict.fromkeys(("int64", "long", "bigserial"), "bigint"),
    **dict.fromkeys(("number", "money"), "decimal with its digits, as in decimal(12,2)"),
    **dict.fromkeys(("double", "float64"), "double precision"),
    "float32": "real",
    "uuid": "varchar(36)",
    "bit": "boolean",
}
_TYPE = re.compile(r"([a-z][a-z0-9]*(?: [a-z0-9]+)*) ?(?:\( ?([0-9]{1,5}) ?(?:, ?([0-9]{1,5}) ?)?\))?")
_LIMITS = {"char": 4096, "varchar": 65535}
_DECIMAL_DIGITS = 38


@dataclass(frozen=True)
class ColumnType:
    """One type with its arguments: a length in bytes for char and varchar, precision and scale for decimal."""

    name: str
    arguments: tuple[int, ...] = ()

    @classmethod
    @lru_cache(maxsize=1024)  # the columns of a schema, and of all schemas, have a few types
    def parse(cls, text: str) -> ColumnType:
        """Read a type as Redshift writes it.

        Raises ValueError with the allowed types and the nearest spelling.
        """
        match = _TYPE.fullmatch(" ".join(text.lower().split()))
        name = _SYNONYMS.get(match[1], match[1]) if match else text
        if match is None or name not in _NAMES:
            raise ValueError(f"{quoted(text)} is not a column type; {_suggestion(name)}")
        return cls(name, _checked_arguments(name, tuple(int(n) for n in match.groups()[1:] if n)))

    @property
    def is_text(self) -> bool:
        """Return whether values are texts."""
        return self.name in _LIMITS

    def __str__(self) -> str:
        return self.name + self._suffix()

    def catalog_name(self) -> str:
        """Return the type as `format_type` shows it, to compare a schema with a live table."""
        return _NAMES[self.name] + self._suffix()

    def _suffix(self) -> str:
        return f"({','.join(map(str, self.arguments))})" if self.arguments else ""


def _suggestion(name: str) -> str:
    if name in _OTHER_DATABASES:
        return f"write {_OTHER_DATABASES[name]}"
    near = get_close_matches(name, [*_NAMES, *_SYNONYMS], n=1)
    return f"did you mean {near[0]!r}?" if near else "allowed are " + ", ".join(_NAMES)


def _checked_arguments(name: str, arguments: tuple[int, ...]) -> tuple[int, ...]:
    if name in _LIMITS:
        if len(arguments) != 1 or not 1 <= arguments[0] <= _LIMITS[name]:
            raise ValueError(f"{name} needs a length in bytes from 1 to {_LIMITS[name]}, as in {name}(20)")
    elif name == "decimal":
        return _checked_decimal(arguments)
    elif arguments:
        raise ValueError(f"{name} takes no arguments")
    return arguments


def _checked_decimal(arguments: tuple[int, ...]) -> tuple[int, ...]:
    precision, scale = (*(arguments or (18,)), 0)[:2]
    if not 1 <= precision <= _DECIMAL_DIGITS or scale > min(precision, _DECIMAL_DIGITS - 1):
        raise ValueError("decimal takes a precision from 1 to 38 and a scale up to it, at most 37, as in decimal(8,2)")
    return precision, scale
