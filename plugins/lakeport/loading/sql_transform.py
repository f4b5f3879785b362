"""SQL transforms: a query in `transforms/` over the staged rows of a file, which selects the rows of the table.

In the query, `{stage}` is the table with the file's rows, `{table}` is the table that takes the result, and `%(key)s`
and the other facts of the file are bound values.  A percent sign needs no doubling.
"""

from __future__ import annotations

from collections.abc import Iterator

from psycopg2 import sql

from lakeport.redshift import ddl
from lakeport.redshift.statements import composed
from lakeport.schema.file_type import FileType
from lakeport.schema.sql_text import query_in
from lakeport.schema.transform_files import PLACEHOLDER, query_path


def insert_transformed(file_type: FileType) -> sql.Composed:
    """Return the statement that fills the table of transformed rows; execute it with `FileFacts.bound()`."""
    text = query_in(query_path(file_type.transform.sql or "").read_text(encoding="utf-8"))
    query = sql.Composed(list(_composed(text, file_type)))
    columns = ddl.table_names(file_type)
    return composed("load/insert_transformed", made=ddl.TRANSFORMED, columns=columns, query=query)


def _composed(text: str, file_type: FileType) -> Iterator[sql.Composable]:
    tables = {"stage": ddl.STAGE, "table": ddl.table_identifier(file_type.table)}
    end = 0
    for found in PLACEHOLDER.finditer(text):
        yield _verbatim(text[end : found.start()])
        yield tables[found[1]] if found[1] else sql.Placeholder(found[2])
        end = found.end()
    yield _verbatim(text[end:])


def _verbatim(text: str) -> sql.SQL:
    doubled = text.replace("%", "%%")
    return sql.SQL(doubled)  # nosemgrep: sql-wrapped-unread, sql-from-text - a file of the repository
