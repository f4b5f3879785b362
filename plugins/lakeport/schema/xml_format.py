"""The format of XML documents, whose rows are written as CSV before COPY reads them."""

import re
from collections.abc import Iterator, Sequence
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator

from lakeport.schema.column import Column
from lakeport.schema.file_format import ConvertedFormat, Format
from lakeport.schema.text_formats import Csv

_NAME = r"[^/@\s]+"
_PATH = re.compile(rf"\.|@{_NAME}|{_NAME}(/{_NAME})*(/@{_NAME})?")


def _checked_row(name: str) -> str:
    if not re.fullmatch(_NAME, name):
        raise ValueError(f"is {name!r}; write the name of one element, as in order, without a path or a namespace")
    return name


class Xml(ConvertedFormat):
    """An XML document in which each row is an element."""

    has_rows: ClassVar[bool] = True

    type: Literal["xml"]
    """An XML document in which each row is an element."""
    row: Annotated[str, AfterValidator(_checked_row)]
    """The name of the element that is a row, without a namespace."""

    @property
    def is_prepared(self) -> bool:
        """Return True: the rows are written as CSV."""
        return True

    @property
    def copied(self) -> Csv:
        """Return the format of what COPY reads."""
        kept = {name: getattr(self, name) for name in set(ConvertedFormat.model_fields) - set(Format.model_fields)}
        return Csv.model_validate({"type": "csv", "header_lines": 1, **kept})

    def objections_to(self, columns: Sequence[Column]) -> Iterator[str]:
        """Yield why a file with these columns cannot have this format."""
        yield from super().objections_to(columns)
        for column in columns:
            if column.at is not None and not _PATH.fullmatch(column.at):
                yield (
                    f"have at: {column.at!r} for {column.name}; write the names of elements below the row, as in "
                    "customer/city, customer/@id, @id, or . for the row's own text"
                )
