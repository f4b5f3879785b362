"""The lines of a file with several record types: what `format.lines` says about the prefixes of its lines."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import Annotated, Literal

from pydantic import WithJsonSchema

from lakeport.schema.values import ReadBy

LineType = Literal["data", "skip"]
_TYPES: tuple[LineType, ...] = ("data", "skip")
_EXAMPLE = "as in {H: skip, D: data, T: skip}"


@dataclass(frozen=True)
class LineTypes:
    """What becomes of a line by how it begins, the longest prefix first."""

    by_prefix: tuple[tuple[str, LineType], ...]

    @property
    def in_bytes(self) -> tuple[tuple[bytes, LineType], ...]:
        """Return the prefixes as they are in a file in UTF-8."""
        return tuple((prefix.encode(), type_) for prefix, type_ in self.by_prefix)

    def __str__(self) -> str:
        return ", ".join(repr(prefix) for prefix, _ in self.by_prefix)


def _line_types(value: object) -> LineTypes:
    if not isinstance(value, dict) or not value:
        raise ValueError(f"is {value!r:.60}; write each prefix with data or skip, {_EXAMPLE}")
    found = [(_checked_prefix(prefix), _checked_type(prefix, type_)) for prefix, type_ in value.items()]
    if all(type_ == "skip" for _, type_ in found):
        raise ValueError(f"skips every line; write data for the prefix of the lines to load, {_EXAMPLE}")
    return LineTypes(tuple(sorted(found, key=lambda each: len(each[0]), reverse=True)))


def _checked_prefix(prefix: object) -> str:
    if not isinstance(prefix, str):
        raise ValueError(  # noqa: TRY004 - pydantic reports ValueError with its place
            f'has a prefix that YAML reads as {prefix!r}; write every prefix in quotes, as in "01": data'
        )
    if set(prefix) & set("\r\n"):
        raise ValueError(f"has the prefix {prefix!r}, which contains a line end; a prefix is the beginning of a line")
    return prefix


def _checked_type(prefix: object, type_: object) -> LineType:
    found = next((each for each in _TYPES if each == type_), None)
    if found:
        return found
    near = get_close_matches(str(type_).lower(), _TYPES, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise ValueError(f"has {type_!r} for the prefix {prefix!r}; allowed: {', '.join(_TYPES)}{hint}")


Lines = Annotated[
    LineTypes,
    ReadBy(_line_types),
    WithJsonSchema({"type": "object", "additionalProperties": {"enum": list(_TYPES)}, "minProperties": 1}),
]
