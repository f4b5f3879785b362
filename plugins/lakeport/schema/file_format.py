"""How a file is written: what `format` says in a schema."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator

from lakeport.schema import encodings
from lakeport.schema.json_paths import checked_path, checked_paths
from lakeport.schema.table import Column
from lakeport.schema.values import Part

ARCHIVES = ("zip", "tar", "tar.gz")


def unescaped(delimiter: str) -> str:
    """Return what COPY takes a delimiter for: `\\t` is a tab, `\\001` the character of this octal number."""
    if delimiter == "\\t":
        return "\t"
    return chr(int(delimiter[1:], 8)) if re.fullmatch(r"\\[0-7]{3}", delimiter) else delimiter


class Format(Part):
    """How the file is written; the conversion options are COPY's own, in lower case."""

    type: Literal["csv", "delimited", "fixed_width", "json", "parquet", "orc", "avro", "xlsx"]
    """How rows and fields are written; delimited is text by a delimiter, without CSV's quotes."""
    compression: Literal["none", "gzip", "bzip2", "lzop", "zstd", "zip", "tar", "tar.gz"] = "none"
    """How the files are packed; a name's ending must agree."""
    member: Annotated[str, Field(min_length=1, max_length=1024)] | None = None
    """Which files of an archive are loaded, as a glob; without it all."""
    encoding: Annotated[str, BeforeValidator(encodings.checked_encoding)] = encodings.UTF8
    """How text is written, as in utf16 or cp1252."""
    header_lines: Annotated[int, Field(ge=0, le=1000)] = 0
    """Lines to skip; the last of them names the columns, in any order."""
    sheet: Annotated[str, Field(min_length=1, max_length=31)] | None = None
    """The worksheet of an Excel workbook; without it the first."""
    layout: Literal["objects", "array"] = "objects"
    """Whether a JSON file is one object after the other or one array of objects."""
    jsonpaths: tuple[Annotated[str, AfterValidator(checked_path)], ...] = ()
    """Where each column's value stands in a JSON object, in the columns' order."""
    ignorecase: bool = False
    """The case of JSON keys does not count."""
    delimiter: Annotated[str, Field(min_length=1)] | None = None
    """What stands between two fields; \\t is a tab, \\001 a character by its octal number. Without it a comma for
    csv, | for delimited."""
    quote: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    """The character around fields that hold a delimiter; without it the double quote."""
    null_as: str | None = None
    """This text means NULL."""
    dateformat: str | None = None
    """How dates are written, as in MM/DD/YYYY, or auto; without it YYYY-MM-DD."""
    timeformat: str | None = None
    """How timestamps are written, as in DD.MM.YYYY HH:MI, or auto, epochsecs, epochmillisecs; without it
    YYYY-MM-DD HH:MI:SS."""
    acceptinvchars: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    """The character in place of bytes that are no UTF-8; without it the row is rejected."""
    acceptanydate: bool = False
    """A date that cannot be read becomes NULL; without it the row is rejected."""
    blanksasnull: bool = False
    """A text of blanks becomes NULL."""
    emptyasnull: bool = False
    """An empty text becomes NULL."""
    escape: bool = False
    """A backslash makes the next character plain."""
    fillrecord: bool = False
    """Fields missing at a row's end become NULL, or empty texts; without it the row is rejected."""
    ignoreblanklines: bool = False
    """Blank lines are passed over."""
    removequotes: bool = False
    """Quotes around fields are taken off."""
    roundec: bool = False
    """Decimals are rounded to their column's scale; without it they are cut."""
    trimblanks: bool = False
    """Blanks at a text's end are cut off."""
    truncatecolumns: bool = False
    """Texts too long for their column are cut; without it the row is rejected."""

    @property
    def has_header(self) -> bool:
        """Say whether the file's first line names its columns."""
        return self.header_lines > 0 and self.type != "fixed_width"

    @property
    def has_lines(self) -> bool:
        """Say whether a rejected row is a line of the file."""
        return self.type not in _BINARY

    @property
    def delimiter_character(self) -> str:
        """Return what stands between two fields."""
        return unescaped(self.delimiter) if self.delimiter else _DELIMITERS[self.type]

    @property
    def is_archive(self) -> bool:
        """Say whether the file holds files."""
        return self.compression in ARCHIVES

    @property
    def is_transcoded(self) -> bool:
        """Say whether the text must be made UTF-8 before COPY reads it."""
        return self.encoding not in (encodings.COPYS if self.type in _COPY_DECODES else (encodings.UTF8,))

    @property
    def is_prepared(self) -> bool:
        """Say whether the file must be made into objects that COPY can read."""
        return self.is_archive or self.is_transcoded or self.layout == "array" or self.type == "xlsx"

    @property
    def copied(self) -> Format:
        """Return the format of what COPY reads, which is another where the file is prepared."""
        changes: dict[str, object] = {"layout": "objects"}
        if self.is_transcoded:
            changes["encoding"] = encodings.UTF8
        if self.type == "xlsx":  # an empty cell is no text, and an empty row no row
            changes |= {"type": "csv", "emptyasnull": True, "ignoreblanklines": True}
        return self.model_copy(update=changes)

    @property
    def as_rows(self) -> Format:
        """Return the format in which rows that a Python function made are written for COPY: CSV with a header.

        What the schema says of values stays: dates, blanks, lengths.
        """
        kept = {name: getattr(self, name) for name in (*_CONVERSIONS, "acceptinvchars")}
        return Format(type="csv", header_lines=1).model_copy(update=kept)

    def objection_to_rows(self) -> str | None:
        """Return why a Python function cannot be given the file's rows, or None."""
        if self.type in _BINARY:
            return f"which type {self.type} does not have as text; write takes: file, or an sql transform"
        if self.jsonpaths or self.ignorecase:
            return "which are whole JSON objects; remove jsonpaths and ignorecase, by which COPY finds columns in them"
        return None

    def objections_to(self, columns: Sequence[Column]) -> Iterator[str]:
        """Yield why a file of these columns cannot be written so."""
        without = [column.name for column in columns if column.width is None]
        if self.type == "fixed_width" and without:
            yield f"need a width in characters each, in type fixed_width; without one: {', '.join(without)}"
        if self.type != "fixed_width" and len(without) < len(columns):
            yield f"take no width in type {self.type}, only in type fixed_width"
        if self.jsonpaths and len(self.jsonpaths) != len(columns):
            yield f"are {len(columns)}, but format.jsonpaths has {len(self.jsonpaths)} paths; each column needs its own"

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


_DELIMITERS = {"csv": ",", "delimited": "|"}
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
