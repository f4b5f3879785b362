"""Formats of records whose fields have names: json, avro, parquet and orc."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, BeforeValidator, ValidationInfo, field_validator

from lakeport.schema import encodings
from lakeport.schema.column import Column
from lakeport.schema.file_format import AcceptInvChars, ConvertedFormat, CopyKeyword, CopyOption, FillRecord, Format
from lakeport.schema.json_paths import checked_path, checked_paths, value_at

OwnCompression = Literal["none", "zip", "tar", "tar.gz"]


class NamedFieldsFormat(ConvertedFormat):
    """Records from which COPY takes fields by the names of the columns, or by paths."""

    jsonpaths: tuple[Annotated[str, AfterValidator(checked_path)], ...] = ()
    """Where each column's value is in a record, in the order of the columns."""
    ignorecase: bool = False
    """The case of the records' field names does not matter."""
    acceptinvchars: AcceptInvChars = None
    """The character that replaces bytes that are not valid UTF-8; without it the row is rejected."""

    @property
    def names_columns(self) -> bool:
        """Return whether COPY finds the columns by the names of the fields."""
        return not self.jsonpaths

    @property
    def column_paths(self) -> tuple[str, ...]:
        """Return where each column's value is in a record, if COPY finds it by paths."""
        return self.jsonpaths

    def copy_format(self, columns: Sequence[Column], jsonpaths_uri: str) -> Iterator[CopyOption]:
        """Yield the format with the way COPY finds the columns in a record."""
        matching = "auto ignorecase" if self.ignorecase else "auto"
        yield CopyOption(f"FORMAT AS {self.type.upper()}", jsonpaths_uri if self.jsonpaths else matching)

    def value_of(self, document: Mapping[str, object], column: str, names: Sequence[str]) -> object:
        """Return what COPY finds for one of the columns in a record; raises LookupError if a path leads nowhere."""
        if self.jsonpaths:
            return value_at(document, self.jsonpaths[list(names).index(column)])
        if self.ignorecase:
            return {key.lower(): value for key, value in document.items()}.get(column)
        return document.get(column)

    def objections_to(self, columns: Sequence[Column]) -> Iterator[str]:
        """Yield why a file with these columns cannot have this format."""
        yield from super().objections_to(columns)
        if self.jsonpaths and len(self.jsonpaths) != len(columns):
            count = len(self.jsonpaths)
            yield f"are {len(columns)}, but format.jsonpaths has {count}; write one path for each column"

    @field_validator("jsonpaths")
    @classmethod
    def _have_one_notation(cls, paths: tuple[str, ...]) -> tuple[str, ...]:
        checked_paths(paths)
        return paths

    @field_validator("ignorecase")
    @classmethod
    def _has_names_to_compare(cls, ignorecase: bool, info: ValidationInfo) -> bool:
        if ignorecase and info.data.get("jsonpaths"):
            raise ValueError("has no effect with jsonpaths, which COPY uses instead of field names; remove one of them")
        return ignorecase


class Json(NamedFieldsFormat):
    """JSON objects."""

    type: Literal["json"]
    """JSON objects, one after another or in one array."""
    encoding: Annotated[str, BeforeValidator(encodings.checked_encoding)] = encodings.UTF8
    """The encoding of the text, as in utf16 or cp1252."""
    layout: Literal["objects", "array"] = "objects"
    """Whether a JSON file has one object after another or one array of objects."""

    @property
    def text_encoding(self) -> str:
        """Return the encoding of the file's text."""
        return self.encoding

    @property
    def is_prepared(self) -> bool:
        """Return whether the file must be converted into objects that COPY can read."""
        return super().is_prepared or self.layout == "array"

    @property
    def copied(self) -> Self:
        """Return the format of what COPY reads: objects in UTF-8."""
        return self.model_copy(update={"layout": "objects", "encoding": encodings.UTF8})

    def value_in_line(self, line: str, column: str, names: Sequence[str], columns: Sequence[Column]) -> str | None:
        """Return the text of one column in an object, or None if the line is too broken for that."""
        try:
            value = self.value_of(json.loads(line), column, names)
        except (ValueError, AttributeError, LookupError, TypeError, RecursionError):
            return None
        return value if value is None or isinstance(value, str) else json.dumps(value)

    def objection_to_rows(self) -> str | None:
        """Return why a Python function cannot take the file's rows, or None."""
        if self.jsonpaths or self.ignorecase:
            return (
                "which are whole JSON objects for a function; "
                "remove jsonpaths and ignorecase, which only COPY uses to find columns"
            )
        return None


class _BinaryFormat(Format):
    """A format that is not text, so that a rejected row is not a line."""

    has_lines: ClassVar[bool] = False

    def objection_to_rows(self) -> str | None:
        """Return why a Python function cannot take the file's rows."""
        return f"but type {self.type} has no rows of text; write takes: file, or use an sql transform"


class Avro(_BinaryFormat, NamedFieldsFormat):
    """Avro records."""

    type: Literal["avro"]
    """Avro records."""
    compression: OwnCompression = "none"
    """Whether the files are in an archive; Avro has its own compression inside."""


class ColumnarFormat(_BinaryFormat):
    """Columns with their own names and types; COPY takes them by position, so its list of columns follows the file."""

    takes_max_error: ClassVar[bool] = False

    compression: OwnCompression = "none"
    """Whether the files are in an archive; the format has its own compression inside."""
    acceptinvchars: AcceptInvChars = None
    """The character that replaces bytes that are not valid UTF-8; without it the row is rejected."""
    fillrecord: FillRecord = False
    """Columns that the file lacks become NULL; without it such a file is refused."""
    serializetojson: Annotated[bool, CopyKeyword("SERIALIZETOJSON")] = False
    """Lists, structs and maps are loaded into columns of type super; without it a file that has them is refused."""

    @property
    def names_columns(self) -> bool:
        """Return True: the file's footer names its columns."""
        return True

    def objections_to(self, columns: Sequence[Column]) -> Iterator[str]:
        """Yield why a file with these columns cannot have this format."""
        yield from super().objections_to(columns)
        if self.serializetojson and not any(column.type.name == "super" for column in columns):
            yield "have no column of type super, which format.serializetojson needs for lists, structs and maps"


class Parquet(ColumnarFormat):
    """Parquet."""

    type: Literal["parquet"]
    """Parquet files."""


class Orc(ColumnarFormat):
    """ORC."""

    type: Literal["orc"]
    """ORC files."""
