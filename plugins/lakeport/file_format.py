"""How a file is written: what `format` says in a schema."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from lakeport.schema_words import Part


def unescaped(delimiter: str) -> str:
    """Return what COPY takes a delimiter for: `\\t` is a tab, `\\001` the character of this octal number."""
    if delimiter == "\\t":
        return "\t"
    return chr(int(delimiter[1:], 8)) if re.fullmatch(r"\\[0-7]{3}", delimiter) else delimiter


ARCHIVES = ("zip", "tar", "tar.gz")


class Format(Part):
    """How the file is written; the conversion options are COPY's own, in lower case."""

    type: Literal["csv", "delimited", "json", "parquet"]
    compression: Literal["none", "gzip", "bzip2", "zstd", "zip", "tar", "tar.gz"] = "none"
    member: Annotated[str, Field(min_length=1, max_length=1024)] | None = None
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

    @property
    def is_archive(self) -> bool:
        """Say whether the file holds files."""
        return self.compression in ARCHIVES

    @property
    def is_prepared(self) -> bool:
        """Say whether the file must be made into objects that COPY can read."""
        return self.is_archive

    @field_validator("*")
    @classmethod
    def _fits_the_type(cls, value: object, info: ValidationInfo) -> object:
        type_ = info.data.get("type", "")
        if info.field_name == "member" and info.data.get("compression", "zip") not in ARCHIVES:
            raise ValueError(f"names files of an archive, which compression {info.data['compression']} is not")
        if info.field_name in _REFUSED.get(type_, ()):
            raise ValueError(f"COPY does not take this for type {type_}")
        if info.field_name == "compression" and type_ in _PACKED_INSIDE and value not in ("none", *ARCHIVES):
            raise ValueError(f"COPY does not take this for type {type_}, which is compressed inside")
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
_PACKED_INSIDE = {"parquet"}
_REFUSED: dict[str, set[str]] = {
    "csv": {"escape", "removequotes"},
    "delimited": {"quote"},
    "json": _LINES,
    "parquet": (_LINES - {"fillrecord"}) | _CONVERSIONS,
}
