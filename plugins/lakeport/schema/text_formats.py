"""Formats of text in lines: csv, delimited and fixed_width."""

import csv
import re
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from typing import Annotated, ClassVar, Literal, Self

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator

from lakeport.schema import encodings
from lakeport.schema.column import Column
from lakeport.schema.file_format import AcceptInvChars, ConvertedFormat, CopyKeyword, CopyOption, FillRecord
from lakeport.schema.line_types import Lines

NULL = "\\N"
"""COPY's default for NULL."""
_NUL = ("\\0", "\\000")  # as AWS writes the NUL character for NULL AS
MAX_FIELD_CHARACTERS = 1 << 30  # the reader's own limit of 128 KiB is less than a rejected value may have


def unescaped(delimiter: str) -> str:
    """Return the character that COPY reads: `\\t` is a tab, `\\001` the character with this octal number."""
    if delimiter == "\\t":
        return "\t"
    return chr(int(delimiter[1:], 8)) if re.fullmatch(r"\\[0-7]{3}", delimiter) else delimiter


def with_escaped_nulls(line: str, delimiter: str) -> str:
    r"""Return a line in which fields that are \N have two backslashes: with ESCAPE, COPY reads both as NULL."""
    edge = re.escape(delimiter)
    return re.sub(rf"(?:^|(?<={edge}))\\N(?={edge}|\r?\n?$)", r"\\\\N", line) if NULL in line else line


class TextFormat(ConvertedFormat):
    """Rows that are lines of text."""

    has_rows: ClassVar[bool] = True

    encoding: Annotated[str, BeforeValidator(encodings.checked_encoding)] = encodings.UTF8
    """The encoding of the text, as in utf16 or cp1252."""
    header_lines: Annotated[int, Field(ge=0, le=1000)] = 0
    """Lines to skip; the last of them names the columns, in any order, except in type fixed_width."""
    trailer_lines: Annotated[int, Field(ge=0, le=1000)] = 0
    """Lines to skip at the end, whatever they hold; where they have a prefix, lines is safer."""
    lines: Lines | None = None
    """Which lines after header_lines hold rows, by how a line begins: data or skip for each prefix, as in
    {H: skip, D: data, T: skip}. "" is every other line; without it, a line with another prefix is a rejected row."""
    null_as: Annotated[str | None, CopyKeyword("NULL AS")] = None
    """This text means NULL; \\0 is the NUL character, and without the key it is \\N."""
    acceptinvchars: AcceptInvChars = None
    """The character that replaces bytes that are not valid UTF-8; without it the row is rejected."""
    fillrecord: FillRecord = False
    """Fields missing at the end of a row become NULL, or empty texts; without it the row is rejected."""
    ignoreblanklines: Annotated[bool, CopyKeyword("IGNOREBLANKLINES")] = False
    """Blank lines are skipped."""

    @field_validator("null_as", mode="before")
    @classmethod
    def _is_not_yamls_null(cls, null_as: object) -> object:
        if null_as is None:
            raise ValueError('has no value: YAML reads NULL without quotes as nothing; write null_as: "NULL"')
        return _NUL[0] if null_as == "\0" else null_as

    @property
    def null_text(self) -> str | None:
        """Return the text that means NULL in a file, or None for COPY's default."""
        return "\0" if self.null_as in _NUL else self.null_as

    def _conversions(self) -> Iterator[CopyOption]:
        # COPY's default is not sent: AWS does not document how COPY reads '\N' in a statement, as \N or as N.
        for option in super()._conversions():
            if (option.keywords, option.value) != ("NULL AS", NULL):
                yield option

    @property
    def text_encoding(self) -> str:
        """Return the encoding of the file's text."""
        return self.encoding

    @property
    def skipped_lines(self) -> int:
        """Return how many lines precede the rows."""
        return self.header_lines

    @property
    def selects_lines(self) -> bool:
        """Return whether some lines of the file are not rows, besides those before the rows."""
        return self.lines is not None or self.trailer_lines > 0

    @property
    def is_transcoded(self) -> bool:
        """Return whether the text must be made UTF-8, for COPY or because Lakeport selects its lines."""
        return super().is_transcoded or (self.selects_lines and self.encoding != encodings.UTF8)

    @property
    def is_prepared(self) -> bool:
        """Return whether the file must be made into objects that COPY can read."""
        return super().is_prepared or self.selects_lines

    @property
    def copied(self) -> Self:
        """Return the format of what COPY reads: text that COPY cannot decode is UTF-8 by then, its lines are rows."""
        made: dict[str, object] = {"encoding": encodings.UTF8} if self.is_transcoded else {}
        made |= {"lines": None, "trailer_lines": 0} if self.selects_lines else {}
        return self.model_copy(update=made) if made else self

    @property
    def may_lack_fields(self) -> bool:
        """Return whether a row may have fewer fields than the file has columns."""
        return self.fillrecord

    @abstractmethod
    def fields_in_line(self, line: str, columns: Sequence[Column]) -> list[str]:
        """Split a line into its fields; raises csv.Error if it is not a line of this format."""

    def value_in_line(self, line: str, column: str, names: Sequence[str], columns: Sequence[Column]) -> str | None:
        """Return the text in one column of a raw line, or None if the line is too broken for that."""
        try:
            return dict(zip(names, self.fields_in_line(line, columns), strict=False)).get(column)
        except csv.Error:
            return None


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
