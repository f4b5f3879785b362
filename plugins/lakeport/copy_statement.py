"""COPY statements and their manifests."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from psycopg2 import sql

from lakeport.copy_source import CopySource
from lakeport.ddl import table_identifier
from lakeport.file_format import Format
from lakeport.file_type import FileType

# COPY refuses a higher MAXERROR.  We ask for all errors and decide ourselves: the limit may be a percentage.
MAX_ERRORS = 100_000

_FLAGS: tuple[str, ...] = (
    "acceptanydate",
    "blanksasnull",
    "emptyasnull",
    "escape",
    "fillrecord",
    "ignoreblanklines",
    "removequotes",
)
_FLAGS += ("roundec", "trimblanks", "truncatecolumns")
_VALUES = {
    "delimiter": "DELIMITER",
    "quote": "QUOTE",
    "null_as": "NULL AS",
    "dateformat": "DATEFORMAT",
    "timeformat": "TIMEFORMAT",
    "acceptinvchars": "ACCEPTINVCHARS",
}
_FORMATS = {"csv": "FORMAT AS CSV", "delimited": "", "json": "FORMAT AS JSON 'auto'", "parquet": "FORMAT AS PARQUET"}


def manifest(source: CopySource) -> str:
    """Return a manifest that names exactly this object, which must be there.

    A bare path would be a prefix: `x.csv` would load `x.csv.bak` too.  It also keeps hostile keys out of the SQL.
    """
    entry = {"url": source.uri, "mandatory": True, "meta": {"content_length": source.size_bytes}}
    return json.dumps({"entries": [entry]})


def copy_statement(
    file_type: FileType,
    columns: Sequence[str],
    manifest_uri: str,
    compression: str,
    into: sql.Identifier | None = None,
) -> sql.Composed:
    """Return the COPY of one manifest into the type's table or another; the fields go to `columns` in that order."""
    options: list[sql.SQL | sql.Composed] = [
        sql.SQL(word) for word in ("IAM_ROLE default", "MANIFEST", _FORMATS[file_type.format.type]) if word
    ]
    options += _conversions(file_type.format)
    if compression != "none":
        options.append(sql.SQL(compression.upper()))
    if file_type.format.type != "parquet":
        options.append(sql.SQL(f"MAXERROR {MAX_ERRORS}"))
    return sql.SQL("COPY {} ({}) FROM {} {}").format(
        into or table_identifier(file_type.table),
        sql.SQL(", ").join(map(sql.Identifier, columns)),
        sql.Literal(manifest_uri),
        sql.SQL(" ").join(options),
    )


def _conversions(format_: Format) -> Iterator[sql.Composed | sql.SQL]:
    for field, keyword in _VALUES.items():
        value = getattr(format_, field)
        if value is not None:
            yield sql.SQL(keyword + " {}").format(sql.Literal(value))
    for flag in _FLAGS:
        if getattr(format_, flag):
            yield sql.SQL(flag.upper())
    if format_.header_lines:
        yield sql.SQL(f"IGNOREHEADER {format_.header_lines}")
