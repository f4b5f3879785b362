"""SHOW DATABASES, SCHEMAS, TABLES, COLUMNS, GRANTS and others: queries on the views that list them."""

from collections.abc import Sequence

from local.redshift.dialect.grammar import Reader
from local.redshift.dialect.tokens import Token, literal
from local.redshift.protocol.errors import Refused

_GRANT_KINDS = {"TABLE": "RELATION", "SCHEMA": "SCHEMA", "DATABASE": "DATABASE", "FUNCTION": "FUNCTION"}
_LISTS = ("DATABASES", "SCHEMAS", "TABLES", "COLUMNS", "FUNCTIONS", "PROCEDURES")
_DEFINITIONS = ("TABLE", "VIEW", "PROCEDURE", "EXTERNAL")


def query(tokens: Sequence[Token]) -> str | None:
    """Return the query that answers a SHOW; None for any other statement and for SHOW of a setting."""
    reader = Reader(tokens)
    if not reader.took("SHOW") or reader.is_done:
        return None
    if reader.word in _LISTS and (reader.word != "TABLES" or len(tokens) > 2):  # noqa: PLR2004 - SHOW and TABLES
        return _list(reader)
    if reader.word in _DEFINITIONS and len(tokens) > 2:  # noqa: PLR2004 - SHOW and what
        return _definition(reader)
    readers = {
        "GRANTS": _grants,
        "COLUMN": _grants,
        "PARAMETERS": _parameters,
        "CONSTRAINTS": _constraints,
        "DATASHARES": _shares,
    }
    return readers[reader.word](reader) if reader.word in readers else None


def _list(reader: Reader) -> str:
    kind = reader.take().upper
    conditions = ["true"]
    if kind != "DATABASES":
        conditions += _place(reader, kind)
    elif reader.took("FROM"):
        raise Refused("SHOW DATABASES FROM DATA CATALOG is not supported by this stand-in")
    columns, view, name, order = _SOURCES[kind]
    if reader.took("LIKE"):
        conditions.append(f"{name} ILIKE {literal(reader.string())}")
    limit = f" LIMIT {int(reader.take().text)}" if reader.took("LIMIT") else ""
    _end(reader)
    return f"SELECT {columns} FROM {view} WHERE {' AND '.join(conditions)} ORDER BY {order}{limit}"  # noqa: S608


def _place(reader: Reader, kind: str) -> list[str]:
    """Read FROM DATABASE d, FROM SCHEMA [d.]s or FROM TABLE [d.][s.]t."""
    reader.expect("FROM")
    reader.took("DATABASE", "SCHEMA", "TABLE")
    parts = _path(reader)
    fields = {"SCHEMAS": 1, "COLUMNS": 3}.get(kind, 2)
    names = ("database_name", "schema_name", "table_name")[:fields]
    return [f"{name} = {literal(part)}" for name, part in zip(names[-len(parts) :], parts[-fields:], strict=False)]


def _path(reader: Reader) -> list[str]:
    parts = [reader.name()]
    while reader.took("."):
        parts.append(reader.name())
    return parts


def _definition(reader: Reader) -> str:
    kind = reader.take().upper
    if kind == "EXTERNAL":
        raise Refused("SHOW EXTERNAL TABLE is not supported by this stand-in")
    name = ".".join('"' + part.replace('"', '""') + '"' for part in _path(reader)[-2:])
    if kind == "PROCEDURE":
        return f'SELECT pg_internal.show_procedure({literal(name)}) AS "Stored Procedure Definition"'
    _end(reader)
    column = "Show Table DDL statement" if kind == "TABLE" else "Show View DDL statement"
    return f'SELECT pg_internal.show_{kind.lower()}({literal(name)}) AS "{column}"'


def _grants(reader: Reader) -> str:
    is_of_columns = reader.took("COLUMN")
    reader.expect("GRANTS")
    conditions = ["kind = 'COLUMN'" if is_of_columns else "kind <> 'COLUMN'"]
    if reader.took("FOR"):
        kind = "role" if reader.took("ROLE") else "public" if reader.took("PUBLIC") else "user"
        reader.took("USER")
        conditions.append(f"identity_type = '{kind}'")
        if kind != "public":
            conditions.append(f"identity_name = {literal(reader.name())}")
    else:
        reader.expect("ON")
        kind = reader.take().upper if reader.word in _GRANT_KINDS else "TABLE"
        names: Sequence[str] = ("database_name", "schema_name", "object_name")
        parts = _path(reader)
        if kind in ("SCHEMA", "DATABASE"):
            parts, names = parts[-1:], names[-1:]
        conditions += [f"{name} = {literal(part)}" for name, part in zip(names[-len(parts) :], parts, strict=False)]
        conditions.append(f"kind = '{_GRANT_KINDS[kind]}'" if not is_of_columns else "true")
    where = " AND ".join(conditions)
    return (
        "SELECT database_name, schema_name, object_name, object_type, privilege_type, identity_id, identity_name,"  # noqa: S608
        " identity_type, admin_option, kind AS privilege_scope, grantor_name"
        f" FROM pg_internal.grants WHERE {where} ORDER BY object_name, identity_name, privilege_type"
    )


def _parameters(reader: Reader) -> str:
    """SHOW PARAMETERS OF FUNCTION or PROCEDURE."""
    reader.expect("PARAMETERS")
    reader.expect("OF")
    reader.took("FUNCTION", "PROCEDURE")
    parts = _path(reader)
    schema = f" AND schema_name = {literal(parts[-2])}" if len(parts) > 1 else ""
    where = f"routine_name = {literal(parts[-1])}{schema}"
    return f"SELECT * FROM pg_internal.parameters WHERE {where} ORDER BY ordinal_position"  # noqa: S608


def _constraints(reader: Reader) -> str:
    """SHOW CONSTRAINTS PRIMARY KEYS, FOREIGN KEYS or FOREIGN KEYS EXPORTED FROM TABLE [[d.]s.]t."""
    reader.expect("CONSTRAINTS")
    kind = "primary" if reader.took("PRIMARY") else "foreign"
    if kind == "foreign":
        reader.expect("FOREIGN")
    reader.expect("KEYS")
    prefix = "pk_" if reader.took("EXPORTED") else "fk_" if kind == "foreign" else ""
    reader.expect("FROM")
    reader.expect("TABLE")
    parts = _path(reader)
    limit = ""
    if reader.took("LIMIT"):
        limit = f" LIMIT {int(reader.take().text)}"
    _end(reader)
    names = ("database_name", "schema_name", "table_name")[-len(parts) :]
    where = " AND ".join(f"{prefix}{name} = {literal(part)}" for name, part in zip(names, parts, strict=True))
    return f"SELECT * FROM pg_internal.{kind}_keys WHERE {where} ORDER BY {prefix}table_name, key_seq{limit}"  # noqa: S608


def _shares(_: Reader) -> str:
    """There are none, whatever LIKE and LIMIT say."""
    return "SELECT * FROM pg_catalog.svv_datashares"


def _end(reader: Reader) -> None:
    if not reader.is_done:
        raise reader.error()


_SOURCES = {
    "DATABASES": (
        "database_name, database_owner, database_type, database_acl, database_options AS parameters,"
        " database_isolation_level",
        "pg_catalog.svv_redshift_databases",
        "database_name",
        "database_name",
    ),
    "SCHEMAS": (
        "database_name, schema_name, schema_owner, schema_type, schema_acl, source_database, schema_option",
        "pg_catalog.svv_all_schemas",
        "schema_name",
        "schema_name",
    ),
    "TABLES": (
        "database_name, schema_name, table_name, table_type, table_acl, remarks, owner",
        "pg_internal.listed_tables",
        "table_name",
        "table_name",
    ),
    "COLUMNS": (
        "database_name, schema_name, table_name, column_name, ordinal_position, column_default, is_nullable, data_type,"
        " character_maximum_length, numeric_precision, numeric_scale, remarks, abs(sort_key) AS sort_key,"
        " is_dist_key::int AS dist_key, encoding",
        "pg_internal.listed_columns",
        "column_name",
        "schema_name, table_name, ordinal_position",
    ),
    "FUNCTIONS": (
        "database_name, schema_name, function_name, argument_type AS argument_list, result_type AS return_type",
        "(SELECT * FROM pg_catalog.svv_redshift_functions WHERE function_type <> 'STORED PROCEDURE') f",
        "function_name",
        "function_name",
    ),
    "PROCEDURES": (
        "database_name, schema_name, function_name AS procedure_name, argument_type AS argument_list",
        "(SELECT * FROM pg_catalog.svv_redshift_functions WHERE function_type = 'STORED PROCEDURE') f",
        "function_name",
        "function_name",
    ),
}
"""What a list selects, from where, what LIKE compares, and its order."""
