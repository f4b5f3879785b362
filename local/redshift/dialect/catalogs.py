"""What clients read from the catalogs: a separate view or function stands for what Redshift has added."""

from collections.abc import Iterator, Sequence

from local.redshift.dialect.tokens import Edit, Token, upper_at

_ADDED_COLUMNS = {
    "PG_CLASS": {"RELDISTSTYLE", "RELEFFECTIVEDISTSTYLE", "RELCREATIONTIME"},
    "PG_ATTRDEF": {"ADSRC"},
    "PG_CONSTRAINT": {"PG_CONSTRAINT"},
    "PG_ATTRIBUTE": {"ATTENCODINGTYPE", "ATTISDISTKEY", "ATTSORTKEYORD"},
}
_ASKS_KEYS = {"PG_INDEX", "INDISPRIMARY", "KEY_SEQ", "PK_NAME"}
"""What drivers write who ask for primary keys: JDBC's names of the columns."""
_KEY_CATALOGS = {"PG_CLASS": "key_class", "PG_INDEX": "key_index", "PG_ATTRIBUTE": "key_attribute"}
_EXPRESSION = (0, 1, 3, 4, 5, 7, 8, 9)
_DEFAULT = ("PG_GET_EXPR", "(", ".", "ADBIN", ",", ".", "ADRELID", ")")
_KEY_VIEWS = ("TABLE_CONSTRAINTS", "KEY_COLUMN_USAGE", "REFERENTIAL_CONSTRAINTS", "CONSTRAINT_COLUMN_USAGE")
_CATALOG_FUNCTIONS = ("PG_GET_CONSTRAINTDEF", "PG_GET_VIEWDEF", "FORMAT_TYPE")


def edits(tokens: Sequence[Token]) -> Iterator[Edit]:
    yield from _added_columns(tokens)
    yield from _defaults(tokens)
    yield from _catalog_names(tokens)


def _added_columns(tokens: Sequence[Token]) -> Iterator[Edit]:
    """A statement that names a column Redshift has added to a catalog reads a view with it instead."""
    words = {token.upper for token in tokens}
    if words >= _ASKS_KEYS:
        places = ((at, token) for at, token in enumerate(tokens) if token.upper in _KEY_CATALOGS)
        for at, token in places:
            start = tokens[at - 2].start if upper_at(tokens, at - 1) == "." else token.start
            yield Edit(start, token.end, f"pg_internal.{_KEY_CATALOGS[token.upper]}")
        return
    for catalog, columns in _ADDED_COLUMNS.items():
        if not columns & words or catalog not in words:
            continue
        for at, token in enumerate(tokens):
            if token.upper == catalog:
                is_qualified = upper_at(tokens, at - 1) == "." and upper_at(tokens, at - 2) == "PG_CATALOG"
                start = tokens[at - 2].start if is_qualified else token.start
                yield Edit(start, token.end, f"pg_internal.{catalog.lower()}")


def _defaults(tokens: Sequence[Token]) -> Iterator[Edit]:
    """`pg_get_expr(d.adbin, d.adrelid)` has the IDENTITY of a column too, which PostgreSQL keeps elsewhere."""
    starts = [at for at, token in enumerate(tokens) if token.upper == "PG_GET_EXPR"]
    places = [at for at in starts if tuple(upper_at(tokens, at + step) for step in _EXPRESSION) == _DEFAULT]
    for at in places:
        start = tokens[at - 2].start if upper_at(tokens, at - 1) == "." else tokens[at].start
        yield Edit(start, tokens[at + 9].end, f"{tokens[at + 2].text}.adsrc")
    for at, token in enumerate(tokens):
        if places and token.upper == "PG_ATTRDEF":
            start = tokens[at - 2].start if upper_at(tokens, at - 1) == "." else token.start
            yield Edit(start, token.end, "pg_internal.pg_attrdef")


def _catalog_names(tokens: Sequence[Token]) -> Iterator[Edit]:
    """The catalogs of keys show those that are only noted, and types have Redshift's names."""
    for at, token in enumerate(tokens):
        if token.upper in _CATALOG_FUNCTIONS and upper_at(tokens, at + 1) == "(":
            start = tokens[at - 2].start if upper_at(tokens, at - 1) == "." else token.start
            yield Edit(start, token.end, f"pg_internal.{token.upper.lower()}")
        elif token.upper in _KEY_VIEWS and upper_at(tokens, at - 2) == "INFORMATION_SCHEMA":
            yield Edit(tokens[at - 2].start, token.end, f"pg_internal.{token.upper.lower()}")
