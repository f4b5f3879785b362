"""How a file is written: what `format` says in a schema."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field, ValidationInfo, field_validator

from lakeport.schema_words import Part


def unescaped(delimiter: str) -> str:
    """Return what COPY takes a delimiter for: `\\t` is a tab, `\\001` the character of this octal number."""
    if delimiter == "\\t":
        return "\t"
    return chr(int(delimiter[1:], 8)) if re.fullmatch(r"\\[0-7]{3}", delimiter) else delimiter


class Format(Part):
    """How the file is written; the conversion options are COPY's own, in lower case."""

    meanings: ClassVar[Mapping[str, str]] = {
        "type": "csv; delimited (by a delimiter, without CSV's quotes); json (one object after the other); parquet.",
        "compression": "How the files are packed; a name's ending must agree. A zip holds one file.",
        "header_lines": "Lines to skip; the last of them names the columns, in any order.",
        "delimiter": "What stands between two fields; \\t is a tab, \\001 a character by its octal number. "
        "Without it a comma for csv, | for delimited.",
        "quote": "The character around fields that hold a delimiter; without it the double quote.",
        "null_as": "This text means NULL.",
        "dateformat": "How dates are written, as in MM/DD/YYYY, or auto; without it YYYY-MM-DD.",
        "timeformat": "How timestamps are written, as in DD.MM.YYYY HH:MI, or auto, epochsecs, epochmillisecs; "
        "without it YYYY-MM-DD HH:MI:SS.",
        "acceptinvchars": "The character in place of bytes that are no UTF-8; without it the row is rejected.",
        "acceptanydate": "A date that cannot be read becomes NULL; without it the row is rejected.",
        "blanksasnull": "A text of blanks becomes NULL.",
        "emptyasnull": "An empty text becomes NULL.",
        "escape": "A backslash makes the next character plain.",
        "fillrecord": "Fields missing at a row's end become NULL, or empty texts; without it the row is rejected.",
        "ignoreblanklines": "Blank lines are passed over.",
        "removequotes": "Quotes around fields are taken off.",
        "roundec": "Decimals are rounded to their column's scale; without it they are cut.",
        "trimblanks": "Blanks at a text's end are cut off.",
        "truncatecolumns": "Texts too long for their column are cut; without it the row is rejected.",
    }
    type: Literal["csv", "delimited", "json", "parquet"]
    compression: Literal["none", "gzip", "bzip2", "zstd", "zip"] = "none"
    header_lines: Annotated[int, Field(ge=0, le=1000)] = 0
    delimiter: Annotated[str, Field(min_length=1)] | None = None
    quote: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    null_as: str | None = None
    dateformat: str | None = None
    timeformat: str | None = None
    acceptinvchars: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    acceptanydate: bool = False
    blanksasnull: bool = False
    emptyasnull: bool = False
    escape: bool = False
    fillrecord: bool = False
    ignoreblanklines: bool = False
    removequotes: bool = False
    roundec: bool = False
    trimblanks: bool = False
    truncatecolumns: bool = False

    @property
    def has_header(self) -> bool:
        """Say whether the file's first line names its columns."""
        return self.header_lines > 0

    @field_validator("*")
    @classmethod
    def _fits_the_type(cls, value: object, info: ValidationInfo) -> object:
        type_ = info.data.get("type", "")
        if info.field_name in _REFUSED.get(type_, ()):
            raise ValueError(f"COPY does not take this for type {type_}")
        if type_ == "csv" and info.field_name == "delimiter" and isinstance(value, str) and len(unescaped(value)) != 1:
            raise ValueError(f"is {value!r}; type csv takes one character, type delimited takes several")
        if info.field_name in ("delimiter", "quote") and isinstance(value, str) and set(unescaped(value)) & set("\r\n"):
            raise ValueError("is a line end, which ends the row")
        if info.field_name == "quote" and value is not None and value == (info.data.get("delimiter") or ","):
            raise ValueError(f"is {value!r}, which is the delimiter")
        return value


_CONVERSIONS = {"acceptanydate", "blanksasnull", "emptyasnull", "roundec", "trimblanks", "truncatecolumns"}
_CONVERSIONS |= {"dateformat", "timeformat"}
_LINES = {"header_lines", "delimiter", "quote", "null_as", "escape", "ignoreblanklines", "removequotes", "fillrecord"}
_REFUSED: dict[str, set[str]] = {
    "csv": {"escape", "removequotes"},
    "delimited": {"quote"},
    "json": _LINES,
    "parquet": (_LINES - {"fillrecord"}) | _CONVERSIONS | {"compression"},
}
