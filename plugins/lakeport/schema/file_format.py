"""What every format of a file has in common: `type`, `compression` and `member` of `format` in a schema."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from pydantic import Field, ValidationInfo, field_validator

from lakeport.schema.column import Column
from lakeport.schema.encodings import UTF8
from lakeport.schema.encryption import AnyEncryption
from lakeport.schema.values import Part

ARCHIVES = ("zip", "tar", "tar.gz")


@dataclass(frozen=True)
class CopyKeyword:
    """Marks a key of a format as an option of COPY, by the option's keyword."""

    keyword: str


@dataclass(frozen=True)
class CopyOption:
    """One option of COPY: its keywords, and the value after them."""

    keywords: str
    value: str | None = None


class Format(Part):
    """How the file is written."""

    has_lines: ClassVar[bool] = True
    """Whether a rejected row is a line of the file."""
    has_rows: ClassVar[bool] = False
    """Whether the file has rows of fields, which Lakeport can read as CSV or similar."""
    is_workbook: ClassVar[bool] = False
    copy_encodings: ClassVar[tuple[str, ...]] = (UTF8,)
    """The encodings that COPY reads in this format."""
    takes_max_error: ClassVar[bool] = True
    """Whether COPY can skip rejected rows."""

    type: str
    compression: Literal["none", "gzip", "bzip2", "lzop", "zstd", "zip", "tar", "tar.gz"] = "none"
    """How the files are compressed; it must agree with the file name's extension."""
    member: Annotated[str, Field(min_length=1, max_length=1024)] | None = None
    """Which files of an archive are loaded, as a glob; without it all of them."""
    encryption: AnyEncryption | None = None
    """How the sender encrypted the files, after they were compressed."""

    @property
    def text_encoding(self) -> str:
        """Return the encoding of the file's text."""
        return UTF8

    @property
    def skipped_lines(self) -> int:
        """Return how many lines precede the rows."""
        return 0

    @property
    def has_header(self) -> bool:
        """Return whether the last of the skipped lines names the columns."""
        return self.skipped_lines > 0

    @property
    def names_columns(self) -> bool:
        """Return whether the file itself names its columns, so that they are matched by name."""
        return self.has_header

    @property
    def column_paths(self) -> tuple[str, ...]:
        """Return where each column's value is in a record, if COPY finds it by paths."""
        return ()

    @property
    def is_archive(self) -> bool:
        """Return whether the file holds files."""
        return self.compression in ARCHIVES

    @property
    def is_transcoded(self) -> bool:
        """Return whether the text must be converted to UTF-8 before COPY reads it."""
        return self.text_encoding not in self.copy_encodings

    @property
    def is_prepared(self) -> bool:
        """Return whether the file must be converted into objects that COPY can read."""
        return self.is_archive or self.is_transcoded or self.encryption is not None

    @property
    def copied(self) -> "Format":
        """Return the format of what COPY reads, which differs from the file's if the file is prepared."""
        return self

    def copy_options(self, columns: Sequence[Column], jsonpaths_uri: str) -> Iterator[CopyOption]:
        """Yield the options of COPY for this format, without those for compression.

        `jsonpaths_uri` is the object with the `column_paths`, if there are any.
        """
        yield from self.copy_format(columns, jsonpaths_uri)
        options = [*self._conversions()]
        yield from (option for option in options if option.value is not None)
        yield from sorted((option for option in options if option.value is None), key=lambda option: option.keywords)
        if self.skipped_lines:
            yield CopyOption(f"IGNOREHEADER {self.skipped_lines}")
        if self.text_encoding != UTF8:
            yield CopyOption(f"ENCODING {self.text_encoding.upper()}")

    def copy_format(self, columns: Sequence[Column], jsonpaths_uri: str) -> Iterator[CopyOption]:
        """Yield the option that names the format; COPY's default is delimited text."""
        yield CopyOption(f"FORMAT AS {self.type.upper()}")

    def _conversions(self) -> Iterator[CopyOption]:
        for name, field in type(self).model_fields.items():
            value = getattr(self, name)
            for mark in field.metadata:
                if isinstance(mark, CopyKeyword) and value not in (None, False):
                    yield CopyOption(mark.keyword, None if value is True else value)

    def value_in_line(self, line: str, column: str, names: Sequence[str], columns: Sequence[Column]) -> str | None:
        """Return the text in one column of a raw line, or None if the line is too broken for that.

        `names` are the columns of COPY, `columns` those of the file, both in the file's order.
        """
        return None

    def objection_to_rows(self) -> str | None:
        """Return why a Python function cannot take the file's rows, or None."""
        return None

    def objections_to(self, columns: Sequence[Column]) -> Iterator[str]:
        """Yield why a file with these columns cannot have this format."""
        if any(column.width is not None for column in columns):
            yield f"type {self.type} does not take width; only type fixed_width does"

    @field_validator("member")
    @classmethod
    def _is_of_an_archive(cls, member: str | None, info: ValidationInfo) -> str | None:
        compression = info.data.get("compression", "zip")
        if member is not None and compression not in ARCHIVES:
            raise ValueError(f"is only for compression {', '.join(ARCHIVES)}; compression is {compression}")
        return member


class ConvertedFormat(Format):
    """A format whose values COPY converts; the keys are COPY's own options, in lower case."""

    dateformat: Annotated[str | None, CopyKeyword("DATEFORMAT")] = None
    """How dates are written, as in MM/DD/YYYY, or auto; without it YYYY-MM-DD."""
    timeformat: Annotated[str | None, CopyKeyword("TIMEFORMAT")] = None
    """How timestamps are written, as in DD.MM.YYYY HH:MI, or auto, epochsecs, epochmillisecs; without it
    YYYY-MM-DD HH:MI:SS."""
    acceptanydate: Annotated[bool, CopyKeyword("ACCEPTANYDATE")] = False
    """A date that cannot be read becomes NULL; without it the row is rejected."""
    blanksasnull: Annotated[bool, CopyKeyword("BLANKSASNULL")] = False
    """A text of blanks becomes NULL."""
    emptyasnull: Annotated[bool, CopyKeyword("EMPTYASNULL")] = False
    """An empty text becomes NULL."""
    roundec: Annotated[bool, CopyKeyword("ROUNDEC")] = False
    """Decimals are rounded to their column's scale; without it they are cut."""
    trimblanks: Annotated[bool, CopyKeyword("TRIMBLANKS")] = False
    """Blanks at the end of a text are cut off."""
    truncatecolumns: Annotated[bool, CopyKeyword("TRUNCATECOLUMNS")] = False
    """Texts too long for their column are cut; without it the row is rejected."""


Replacement = Annotated[str, Field(min_length=1, max_length=1)]
AcceptInvChars = Annotated[Replacement | None, CopyKeyword("ACCEPTINVCHARS")]
FillRecord = Annotated[bool, CopyKeyword("FILLRECORD")]
