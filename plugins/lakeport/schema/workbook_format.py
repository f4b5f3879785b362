"""The format of Excel workbooks, which are made into CSV before COPY reads them."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from lakeport.schema.file_format import ConvertedFormat
from lakeport.schema.text_formats import Csv


class Xlsx(ConvertedFormat):
    """One worksheet of an Excel workbook."""

    has_rows: ClassVar[bool] = True
    is_workbook: ClassVar[bool] = True

    type: Literal["xlsx"]
    """One worksheet of an Excel workbook."""
    sheet: Annotated[str, Field(min_length=1, max_length=31)] | None = None
    """The worksheet of an Excel workbook; without it the first one."""
    header_lines: Annotated[int, Field(ge=0, le=1000)] = 0
    """Rows to skip; the last of them names the columns, in any order."""
    null_as: str | None = None
    """This text means NULL."""
    dateformat: Literal["auto"] | None = None
    """Only auto: dates in a workbook are not text."""
    timeformat: Literal["auto"] | None = None
    """Only auto: times in a workbook are not text."""

    @property
    def skipped_lines(self) -> int:
        """Return how many rows precede the rows of data."""
        return self.header_lines

    @property
    def is_prepared(self) -> bool:
        """Return True: the file is converted to CSV."""
        return True

    @property
    def copied(self) -> Csv:
        """Return the format of what COPY reads: an empty cell becomes NULL, and empty rows are skipped."""
        kept = {name: getattr(self, name) for name in ("header_lines", "null_as", *ConvertedFormat.model_fields)}
        changes = {"type": "csv", "emptyasnull": True, "ignoreblanklines": True}
        return Csv.model_validate({name: value for name, value in kept.items() if value is not None} | changes)
