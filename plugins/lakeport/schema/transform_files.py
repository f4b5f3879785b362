"""Check the files in `transforms/` that a schema refers to, without running them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path

from lakeport import settings
from lakeport.schema.facts import names_of_facts
from lakeport.schema.file_type import FileType
from lakeport.schema.sql_text import code_of, query_in

PLACEHOLDER = re.compile(r"\{([a-z_]+)\}|%\(([^()]*)\)s")
"""A table in braces, or a fact of the file as psycopg2 binds it."""
_TABLES = ("stage", "table")


def query_path(name: str) -> Path:
    """Return the path of a transform's query."""
    return settings.transforms_folder() / f"{name}.sql"


def query_problems(file_type: FileType) -> Iterator[str]:
    """Yield the problems of the type's query that can be found without running it."""
    name = file_type.transform.sql
    if name is None:
        return
    try:
        text = query_path(name).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        yield f"transforms/{name}.sql is not valid UTF-8"
    except OSError:
        existing = [path.stem for path in sorted(query_path(name).parent.glob("*.sql"))]
        near = get_close_matches(name, existing, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"existing queries: {', '.join(existing) or 'none'}"
        yield f"transforms/{name}.sql does not exist; {hint}"
    else:
        yield from (f"transforms/{name}.sql {problem}" for problem in _problems_in(text, file_type))


def function_problems(file_type: FileType) -> Iterator[str]:
    """Yield the problems of the type's function that can be found without running its module."""
    reference = file_type.transform.python
    if reference is None:
        return
    module, _, name = reference.partition(":")
    path = settings.transforms_folder().joinpath(*module.split(".")).with_suffix(".py")
    label = f"transforms/{path.relative_to(settings.transforms_folder())}"
    if not path.is_file():
        yield f"is {reference!r}, but {label} does not exist"
        return
    try:
        body = ast.parse(path.read_bytes()).body
    except (SyntaxError, ValueError) as error:
        yield f"is {reference!r}, but {label} is not valid Python: {error}"
        return
    functions = [each.name for each in body if isinstance(each, ast.FunctionDef)]
    if name not in functions:
        near = get_close_matches(name, functions, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"it has: {', '.join(functions) or 'none'}"
        yield f"is {reference!r}, but {label} has no function {name}; {hint}"


def _problems_in(text: str, file_type: FileType) -> Iterator[str]:
    code = code_of(query_in(text))
    if ";" in code:
        yield "contains several statements; write a single query"
    if not re.match(r"(select|with)\b", code.strip(), re.IGNORECASE):
        yield "is not a query; it must begin with SELECT or WITH, and the rows that it selects go to the table"
    facts = names_of_facts(file_type)
    for table, fact in PLACEHOLDER.findall(text):
        if table and table not in _TABLES:
            yield f"refers to the unknown table {{{table}}}; allowed: {{stage}}, {{table}}"
        if not table and fact not in facts:
            yield f"refers to the unknown value %({fact})s; allowed: {', '.join(facts)}"
