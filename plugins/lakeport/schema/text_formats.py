"""Formats of text in lines: csv, delimited and fixed_width."""

import csv
from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from typing import Annotated, ClassVar, Literal

from pydantic import Field, ValidationInfo, field_validator

from lakeport.schema import encodings
from lakeport.schema.column import Column
from lakeport.schema.file_format import CopyKeyword, CopyOption
from lakeport.schema.text_format import MAX_FIELD_CHARACTERS, NULL, TextFormat, unescaped, with_escaped_nulls


def _checked_delimiter(delimiter: str) -> str:
    if set(unescaped(delimiter)) & set("\r\n"):
        raise ValueError("contains a line end, which ends the row")
    return delimiter


class Csv(TextFormat):
    """Comma-separated values, with quotes around fields that need them."""

    copy_encodings: ClassVar[tuple[str, ...]] = encodings.COPYS

    type: Literal["csv"]
    """Comma-separated values: quotes around a field that holds a delimiter or a line end."""
    delimiter: Annotated[str | None, Field(min_length=1), CopyKeyword("DELIMITER")] = None
    """The character between two fields; \\t is a tab, \\001 a character by its octal number; without it a comma."""
    quote: Annotated[str | None, Field(min_length=1, max_length=1), CopyKeyword("QUOTE")] = None
    """The character around fields that hold a delimiter; without it the double quote."""

    @property
    def delimiter_character(self) -> str:
        """Return the character between two fields."""
        return unescaped(self.delimiter or ",")

    @property
    def quote_character(self) -> str:
        """Return the character around fields."""
        return self.quote or '"'

    def fields_in_line(self, line: str, columns: Sequence[Column] = ()) -> list[str]:
        """Split a line into its fields; raises csv.Error if it is not a line of this format."""
        csv.field_size_limit(MAX_FIELD_CHARACTERS)
        delimiter, quote = self.delimiter_character, self.quote_character
        return next(csv.reader([line], delimiter=delimiter, quotechar=quote, skipinitialspace=True), [])

    @field_validator("delimiter")
    @classmethod
    def _is_one_character(cls, delimiter: str | None) -> str | None:
        if delimiter is not None and len(unescaped(delimiter)) != 1:
            raise ValueError(f"is {delimiter!r}; type csv takes one character, type delimited takes several")
        return delimiter if delimiter is None else _checked_delimiter(delimiter)

    @field_validator("quote")
    @classmethod
    def _is_not_the_delimiter(cls, quote: str | None, info: ValidationInfo) -> str | None:
        if quote is not None and quote == (info.data.get("delimiter") or ","):
            raise ValueError(f"is {quote!r}, which is also the delimiter")
        return quote if quote is None else _checked_delimiter(quote)


class Delimited(TextFormat):
    """Text with a delimiter of any length, without CSV's quotes."""

    copy_encodings: ClassVar[tuple[str, ...]] = encodings.COPYS

    type: Literal["delimited"]
    """Text with a delimiter, without CSV's quotes."""
    delimiter: Annotated[str | None, Field(min_length=1), CopyKeyword("DELIMITER")] = None
    """The text between two fields; \\t is a tab, \\001 a character by its octal number; without it |."""
    escape: Annotated[bool, CopyKeyword("ESCAPE")] = False
    """A backslash makes the next character plain."""
    removequotes: Annotated[bool, CopyKeyword("REMOVEQUOTES")] = False
    """Quotes around fields are removed."""

    @property
    def delimiter_character(self) -> str:
        """Return the text between two fields."""
        return unescaped(self.delimiter or "|")

    def copy_format(self, columns: Sequence[Column], jsonpaths_uri: str) -> Iterator[CopyOption]:
        """Yield nothing: this is COPY's default."""
        yield from ()

    def fields_in_line(self, line: str, columns: Sequence[Column] = ()) -> list[str]:
        """Split a line into its fields; raises csv.Error if it is not a line of this format."""
        delimiter = self.delimiter_character
        if len(delimiter) != 1 or not (self.removequotes or self.escape):
            return line.split(delimiter)
        csv.field_size_limit(MAX_FIELD_CHARACTERS)
        quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if self.removequotes else csv.QUOTE_NONE
        escape = "\\" if self.escape else None
        if self.escape and self.null_as in (None, NULL):
            line = with_escaped_nulls(line, delimiter)
        return next(csv.reader([line], delimiter=delimiter, quotechar='"', quoting=quoting, escapechar=escape), [])

    @field_validator("delimiter")
    @classmethod
    def _has_no_line_end(cls, delimiter: str | None) -> str | None:
        return delimiter if delimiter is None else _checked_delimiter(delimiter)


class FixedWidth(TextFormat):
    """Text whose columns have a width in characters each."""

    type: Literal["fixed_width"]
    """Text whose columns have a width in characters each."""

    @property
    def has_header(self) -> bool:
        """Return False: no line names the columns; their order and width are those of the schema."""
        return False

    @property
    def may_lack_fields(self) -> bool:
        """Return True: a line may end early."""
        return True

    def copy_format(self, columns: Sequence[Column], jsonpaths_uri: str) -> Iterator[CopyOption]:
        """Yield the widths of the columns."""
        yield CopyOption("FIXEDWIDTH", ",".join(f"{column.name}:{column.width}" for column in columns))

    def fields_in_line(self, line: str, columns: Sequence[Column]) -> list[str]:
        """Cut a line at the widths of the columns, without the blanks that fill a field; a line may end early."""
        return [field.rstrip(" ") for field in _slices(line, columns)]

    def value_in_line(self, line: str, column: str, names: Sequence[str], columns: Sequence[Column]) -> str | None:
        """Return the text in one column of a raw line with its blanks, or None if the line ends before it."""
        return dict(zip([each.name for each in columns], _slices(line, columns), strict=False)).get(column)

    def objections_to(self, columns: Sequence[Column]) -> Iterator[str]:
        """Yield why a file with these columns cannot have this format."""
        if without := [column.name for column in columns if column.width is None]:
            yield f"type fixed_width needs a width in characters for each column; missing for: {', '.join(without)}"


def _slices(line: str, columns: Sequence[Column]) -> list[str]:
    ends = accumulate((column.width or 0 for column in columns), initial=0)
    return [line[begin:end] for begin, end in pairwise(ends) if begin < len(line)]
