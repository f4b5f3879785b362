"""How a file is written: what `format` says in a schema."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator

from lakeport import text_encoding
from lakeport.json_paths import checked_path, checked_paths
from lakeport.schema_words import Part
from lakeport.table_type import Column

ARCHIVES = ("zip", "tar", "tar.gz")


def unescaped(delimiter: str) -> str:
    """Return what COPY takes a delimiter for: `\\t` is a tab, `\\001` the character of this octal number."""
    if delimiter == "\\t":
        return "\t"
    return chr(int(delimiter[1:], 8)) if re.fullmatch(r"\\[0-7]{3}", delimiter) else delimiter


class Format(Part):
    """How the file is written; the conversion options are COPY's own, in lower case."""

    type: Literal["csv", "delimited", "fixed_width", "json", "parquet", "orc", "avro", "xlsx"]
    compression: Literal["none", "gzip", "bzip2", "lzop", "zstd", "zip", "tar", "tar.gz"] = "none"
    member: Annotated[str, Field(min_length=1, max_length=1024)] | None = None
    encoding: Annotated[str, BeforeValidator(text_encoding.checked_encoding)] = text_encoding.UTF8
    header_lines: Annotated[int, Field(ge=0, le=1000)] = 0
    sheet: Annotated[str, Field(min_length=1, max_length=31)] | None = None
    layout: Literal["objects", "array"] = "objects"
    jsonpaths: tuple[Annotated[str, AfterValidator(checked_path)], ...] = ()
    ignorecase: bool = False
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
        return self.header_lines > 0 and self.type != "fixed_width"

    @property
    def has_lines(self) -> bool:
        """Say whether a rejected row is a line of the file."""
        return self.type not in _BINARY

    @property
    def is_archive(self) -> bool:
        """Say whether the file holds files."""
        return self.compression in ARCHIVES

    @property
    def is_transcoded(self) -> bool:
        """Say whether the text must be made UTF-8 before COPY reads it."""
        return self.encoding not in (text_encoding.COPYS if self.type in _COPY_DECODES else (text_encoding.UTF8,))

    @property
    def is_prepared(self) -> bool:
        """Say whether the file must be made into objects that COPY can read."""
        return self.is_archive or self.is_transcoded or self.layout == "array" or self.type == "xlsx"

    @property
    def copied(self) -> Format:
        """Return the format of what COPY reads, which is another where the file is prepared."""
        changes: dict[str, object] = {"layout": "objects"}
        if self.is_transcoded:
            changes["encoding"] = text_encoding.UTF8
        if self.type == "xlsx":  # an empty cell is no text, and an empty row no row
            changes |= {"type": "csv", "emptyasnull": True, "ignoreblanklines": True}
        return self.model_copy(update=changes)

    def objection_to(self, columns: Sequence[Column]) -> str | None:
        """Return why a file of these columns cannot be written so, or None."""
        without = [column.name for column in columns if column.width is None]
        if self.type == "fixed_width" and without:
            return f"need a width in characters each, in type fixed_width; without one: {', '.join(without)}"
        if self.type != "fixed_width" and len(without) < len(columns):
            return f"take no width in type {self.type}, only in type fixed_width"
        if self.jsonpaths and len(self.jsonpaths) != len(columns):
            return (
                f"are {len(columns)}, but format.jsonpaths has {len(self.jsonpaths)} paths; each column needs its own"
            )
        return None

    @field_validator("*")
    @classmethod
    def _fits_the_type(cls, value: object, info: ValidationInfo) -> object:
        type_ = info.data.get("type", "")
        owner = _ALONE.get(info.field_name or "", type_)
        if type_ and owner != type_:
            raise ValueError(f"is a key of type {owner} alone, not of {type_}")
        if type_ == "xlsx" and info.field_name in ("dateformat", "timeformat") and value != "auto":
            raise ValueError("is auto for type xlsx, or not there: its dates are no text")
        if info.field_name in _REFUSED.get(type_, ()):
            raise ValueError(f"COPY does not take this for type {type_}")
        if type_ == "csv" and info.field_name == "delimiter" and isinstance(value, str) and len(unescaped(value)) != 1:
            raise ValueError(f"is {value!r}; type csv takes one character, type delimited takes several")
        if info.field_name in ("delimiter", "quote") and isinstance(value, str) and set(unescaped(value)) & set("\r\n"):
            raise ValueError("is a line end, which ends the row")
        if info.field_name == "quote" and value is not None and value == (info.data.get("delimiter") or ","):
            raise ValueError(f"is {value!r}, which is the delimiter")
        return value

    @field_validator("compression")
    @classmethod
    def _is_not_compressed_twice(cls, compression: str, info: ValidationInfo) -> str:
        type_ = info.data.get("type")
        if type_ in _BINARY and compression not in ("none", *ARCHIVES):
            raise ValueError(f"COPY does not take this for type {type_}, which is compressed inside")
        return compression

    @field_validator("member")
    @classmethod
    def _is_of_an_archive(cls, member: str | None, info: ValidationInfo) -> str | None:
        compression = info.data.get("compression", "zip")
        if member is not None and compression not in ARCHIVES:
            raise ValueError(f"names files of an archive, which compression {compression} is not")
        return member

    @field_validator("jsonpaths")
    @classmethod
    def _are_of_one_notation(cls, paths: tuple[str, ...]) -> tuple[str, ...]:
        checked_paths(paths)
        return paths

    @field_validator("ignorecase")
    @classmethod
    def _has_names_to_compare(cls, ignorecase: bool, info: ValidationInfo) -> bool:
        if ignorecase and info.data.get("jsonpaths"):
            raise ValueError("is about members named like columns, which jsonpaths are not; remove one of the two")
        return ignorecase


_BINARY = {"parquet", "orc", "avro"}
_COPY_DECODES = {"csv", "delimited"}  # FIXEDWIDTH takes UTF-8 alone, and of JSON nothing is promised
_CONVERSIONS = {"acceptanydate", "blanksasnull", "emptyasnull", "roundec", "trimblanks", "truncatecolumns"}
_CONVERSIONS |= {"dateformat", "timeformat"}
_LINES = {"header_lines", "delimiter", "quote", "null_as", "escape", "ignoreblanklines", "removequotes", "fillrecord"}
_NAMED = {"jsonpaths", "ignorecase"}
_ALONE = {"sheet": "xlsx", "layout": "json"}
_COLUMNAR = (_LINES - {"fillrecord"}) | _CONVERSIONS | _NAMED | {"encoding"}
_REFUSED: dict[str, set[str]] = {
    "csv": {"escape", "removequotes"} | _NAMED,
    "delimited": {"quote"} | _NAMED,
    "fixed_width": {"delimiter", "quote", "escape", "removequotes"} | _NAMED,
    "json": _LINES,
    "parquet": _COLUMNAR,
    "orc": _COLUMNAR,
    "avro": _LINES | {"encoding"},
    "xlsx": (_LINES - {"header_lines", "null_as"}) | _NAMED | {"encoding", "acceptinvchars"},
}
