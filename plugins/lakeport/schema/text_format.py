"""What the formats whose rows are lines of text have in common."""

import csv
import re
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import Annotated, ClassVar, Self

from pydantic import BeforeValidator, Field, field_validator

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
