"""SQL transforms: a query in `transforms/` over the staged rows of a file; what it selects goes to the table.

In the query `{stage}` is the table with the file's rows, `{table}` the one that takes the result, and `%(key)s` and the
other facts of the file are bound values.  Everything else is left as it is: a percent sign needs no doubling.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path

from psycopg2 import sql

from lakeport import settings
from lakeport.redshift import ddl
from lakeport.redshift.statements import composed
from lakeport.schema.facts import names_of_facts
from lakeport.schema.file_type import FileType

_MARK = re.compile(r"\{([a-z_]+)\}|%\(([^()]*)\)s")
# Texts, quoted names and comments, in which a semicolon ends nothing.
_NO_CODE = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/", re.DOTALL)
_TABLES = ("stage", "table")


def path_of(name: str) -> Path:
    """Return where a transform's query lies."""
    return settings.transforms_folder() / f"{name}.sql"


def objections(file_type: FileType) -> Iterator[str]:
    """Yield what is wrong with the type's query, as far as can be said without running it."""
    name = file_type.transform.sql
    if name is None:
        return
    try:
        text = path_of(name).read_text()
    except (OSError, UnicodeDecodeError) as error:
        there = [path.stem for path in sorted(path_of(name).parent.glob("*.sql"))]
        near = get_close_matches(name, there, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else f"; there are: {', '.join(there) or 'none'}"
        reason = "is no UTF-8" if isinstance(error, UnicodeDecodeError) else "is not there"
        yield f"is {name!r}, but transforms/{name}.sql {reason}{hint}"
        return
    yield from (f"is {name!r}; transforms/{name}.sql {told}" for told in _objections(text, file_type))


def _objections(text: str, file_type: FileType) -> Iterator[str]:
    code = _query(_blanked(text))
    if ";" in code:
        yield "holds several statements; it must be one query"
    if not re.match(r"(select|with)\b", code.strip(), re.IGNORECASE):
        yield "is no query; it must begin with SELECT or WITH, and what it selects goes to the table"
    facts = names_of_facts(file_type)
    for table, fact in _MARK.findall(text):
        if table and table not in _TABLES:
            yield f"names {{{table}}}; allowed: {{stage}}, {{table}}"
        if not table and fact not in facts:
            yield f"names %({fact})s; allowed: {', '.join(facts)}"


def insert_transformed(file_type: FileType) -> sql.Composed:
    """Return what fills the table of transformed rows; it is executed with `FileFacts.bound()`."""
    text = path_of(file_type.transform.sql or "").read_text()
    query = sql.Composed(list(_composed(text[: len(_query(_blanked(text)))], file_type)))
    columns = ddl.table_names(file_type)
    return composed("load/insert_transformed", made=ddl.TRANSFORMED, columns=columns, query=query)


def _composed(text: str, file_type: FileType) -> Iterator[sql.Composable]:
    tables = {"stage": ddl.STAGE, "table": ddl.table_identifier(file_type.table)}
    end = 0
    for mark in _MARK.finditer(text):
        yield _as_it_is(text[end : mark.start()])
        yield tables[mark[1]] if mark[1] else sql.Placeholder(mark[2])
        end = mark.end()
    yield _as_it_is(text[end:])


def _as_it_is(text: str) -> sql.SQL:
    doubled = text.replace("%", "%%")
    return sql.SQL(doubled)  # nosemgrep: sql-wrapped-unread, sql-from-text - a file of the repository


def _blanked(text: str) -> str:
    """Return a text of the same length with blanks in place of what is no code."""
    return _NO_CODE.sub(lambda found: " " * len(found[0]), text)


def _query(code: str) -> str:
    """Cut the semicolon off a query's end."""
    return code.rstrip().removesuffix(";")
