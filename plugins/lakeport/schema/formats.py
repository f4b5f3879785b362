"""The formats that `format` in a schema chooses from by its `type`."""

from __future__ import annotations

from typing import Annotated

from lakeport.schema.file_format import ConvertedFormat, Format
from lakeport.schema.one_of import OneOf
from lakeport.schema.record_formats import Avro, Json, Orc, Parquet
from lakeport.schema.text_formats import Csv, Delimited, FixedWidth
from lakeport.schema.workbook_format import Xlsx
from lakeport.schema.xml_format import Xml

FORMATS: dict[str, type[Format]] = {
    "csv": Csv,
    "delimited": Delimited,
    "fixed_width": FixedWidth,
    "json": Json,
    "parquet": Parquet,
    "orc": Orc,
    "avro": Avro,
    "xlsx": Xlsx,
    "xml": Xml,
}
AnyFormat = Annotated[
    Csv | Delimited | FixedWidth | Json | Parquet | Orc | Avro | Xlsx | Xml,
    OneOf(FORMATS, "type"),
]

_OF_VALUES = {*ConvertedFormat.model_fields, "acceptinvchars"} - {*Format.model_fields}


def csv_of_rows(format_: Format) -> Csv:
    """Return the format in which rows from a Python function are written for COPY: CSV with a header.

    How COPY reads values is unchanged: dates, blanks, lengths.
    """
    kept = {name: getattr(format_, name) for name in type(format_).model_fields if name in _OF_VALUES}
    return Csv.model_validate({"type": "csv", "header_lines": 1, **kept})
