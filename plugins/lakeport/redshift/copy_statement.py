"""COPY statements and their manifests."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from psycopg2 import sql

from lakeport.model import CopySource
from lakeport.redshift.ddl import table_identifier
from lakeport.redshift.statements import keywords
from lakeport.schema.file_format import CopyOption, Format
from lakeport.schema.file_type import FileType

# COPY refuses a higher MAXERROR.  We ask for all errors and decide ourselves: the limit may be a percentage.
MAX_ERRORS = 100_000
_ESCAPED = re.compile(r"\\(t|0|[0-7]{3})")
"""A tab, or a character by its octal number."""


def manifest(sources: Sequence[CopySource]) -> str:
    """Return a manifest that names exactly these objects, which must be there.

    A bare path would be a prefix: `x.csv` would load `x.csv.bak` too.  It also keeps hostile keys out of the SQL.
    """
    entries = [
        {"url": source.uri, "mandatory": True, "meta": {"content_length": source.size_bytes}} for source in sources
    ]
    return json.dumps({"entries": entries})


def jsonpaths_file(format_: Format) -> str:
    """Return the object in which COPY finds each column's path."""
    return json.dumps({"jsonpaths": format_.column_paths}, ensure_ascii=False)


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
    options += map(_option, format_.copy_options(file_type.copied_columns, jsonpaths_uri))
    if compression != "none":
        options.append(keywords(compression.upper()))
    if format_.takes_max_error:
        options.append(keywords(f"MAXERROR {MAX_ERRORS}"))
    return sql.SQL("COPY {} ({}) FROM {} {}").format(
        into or table_identifier(file_type.table),
        sql.SQL(", ").join(map(sql.Identifier, columns)),
        sql.Literal(manifest_uri),
        sql.SQL(" ").join(options),
    )


def _option(option: CopyOption) -> sql.SQL | sql.Composed:
    text = keywords(option.keywords)
    if option.value is None:
        return text
    if _ESCAPED.fullmatch(option.value):
        # \t, \0 or \001, as in AWS's examples: psycopg2 writes E'\\t', which AWS does not document for COPY.
        written = sql.SQL(f"'{option.value}'")  # nosemgrep: sql-from-text, sql-wrapped-unread
        return sql.SQL("{} {}").format(text, written)
    return sql.SQL("{} {}").format(text, sql.Literal(option.value))
