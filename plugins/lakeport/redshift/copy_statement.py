"""COPY statements and their manifests."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from psycopg2 import sql

from lakeport.model import CopySource
from lakeport.redshift.ddl import table_identifier
from lakeport.redshift.statements import keywords
from lakeport.schema.encodings import UTF8
from lakeport.schema.file_format import Format
from lakeport.schema.file_type import FileType

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
_COLUMNAR = ("parquet", "orc")


def manifest(sources: Sequence[CopySource]) -> str:
    """Return a manifest that names exactly these objects, which must be there.

    A bare path would be a prefix: `x.csv` would load `x.csv.bak` too.  It also keeps hostile keys out of the SQL.
    """
    entries = [
        {"url": source.uri, "mandatory": True, "meta": {"content_length": source.size_bytes}} for source in sources
    ]
    return json.dumps({"entries": entries})


def jsonpaths_file(format_: Format) -> str:
    """Return the object that tells COPY each column's path."""
    return json.dumps({"jsonpaths": format_.jsonpaths}, ensure_ascii=False)


def copy_statement(
    file_type: FileType,
    columns: Sequence[str],
    manifest_uri: str,
    compression: str,
    jsonpaths_uri: str = "",
    *,
    into: sql.Identifier | None = None,
) -> sql.Composed:
    """Return the COPY of one manifest into the type's table or another; the fields go to `columns` in that order.

    `jsonpaths_uri` is where `jsonpaths_file` lies, for a format that has one.
    """
    format_ = file_type.copied
    options: list[sql.SQL | sql.Composed] = [sql.SQL("IAM_ROLE default"), sql.SQL("MANIFEST")]
    options += _data_format(file_type, format_, jsonpaths_uri)
    options += _conversions(format_)
    if format_.encoding != UTF8:
        options.append(keywords(f"ENCODING {format_.encoding}".upper()))
    if compression != "none":
        options.append(keywords(compression.upper()))
    if format_.type not in _COLUMNAR:
        options.append(keywords(f"MAXERROR {MAX_ERRORS}"))
    return sql.SQL("COPY {} ({}) FROM {} {}").format(
        into or table_identifier(file_type.table),
        sql.SQL(", ").join(map(sql.Identifier, columns)),
        sql.Literal(manifest_uri),
        sql.SQL(" ").join(options),
    )


def _data_format(file_type: FileType, format_: Format, jsonpaths_uri: str) -> Iterator[sql.SQL | sql.Composed]:
    if format_.type == "fixed_width":
        widths = ",".join(f"{column.name}:{column.width}" for column in file_type.copied_columns)
        yield sql.SQL("FIXEDWIDTH {}").format(sql.Literal(widths))
    elif format_.type in ("json", "avro"):
        matching = "auto ignorecase" if format_.ignorecase else "auto"
        where = sql.Literal(jsonpaths_uri if format_.jsonpaths else matching)
        yield sql.SQL("{} {}").format(keywords(f"FORMAT AS {format_.type.upper()}"), where)
    elif format_.type != "delimited":
        yield keywords(f"FORMAT AS {format_.type.upper()}")


def _conversions(format_: Format) -> Iterator[sql.Composed | sql.SQL]:
    for field, keyword in _VALUES.items():
        value = getattr(format_, field)
        if value is not None:
            yield sql.SQL("{} {}").format(keywords(keyword), sql.Literal(value))
    for flag in _FLAGS:
        if getattr(format_, flag):
            yield keywords(flag.upper())
    if format_.header_lines:
        yield keywords(f"IGNOREHEADER {format_.header_lines}")
