"""CREATE TABLE and ALTER TABLE: drop what only Redshift stores by, never enforce keys, translate types."""

from collections.abc import Iterator, Sequence

from local.redshift.dialect import column_types, keys, storage, table_attributes
from local.redshift.dialect.tokens import Edit, Token, closing, upper_at
from local.redshift.protocol.errors import DUPLICATE_COLUMN, SYNTAX_ERROR, Refused

_RESERVED = frozenset(
    (
        *("AES128", "AES256", "ALLOWOVERWRITE", "BACKUP", "BLANKSASNULL", "BYTEDICT", "BZIP2", "CREDENTIALS"),
        *("CURRENT_USER_ID", "DEFLATE", "DEFRAG", "DELTA", "DELTA32K", "DISABLE", "EMPTYASNULL", "ENABLE", "ENCODE"),
        *("ENCRYPT", "ENCRYPTION", "EXPLICIT", "GLOBALDICT256", "GLOBALDICT64K", "GZIP", "IDENTITY", "IGNORE", "LUN"),
        *("LUNS", "LZO", "LZOP", "MINUS", "MOSTLY8", "MOSTLY16", "MOSTLY32", "NEW", "OFFLINE", "OID", "OLD", "OPEN"),
        *("PARALLEL", "PARTITION", "PERCENT", "PERMISSIONS", "PIVOT", "RAW", "READRATIO", "RECOVER", "REJECTLOG"),
        *("RESORT", "RESPECT", "RESTORE", "SNAPSHOT", "SYSDATE", "SYSTEM", "TAG", "TDES", "TEXT255", "TEXT32K"),
        *("TIMESTAMP", "TOP", "TRUNCATECOLUMNS", "UNNEST", "UNPIVOT", "WALLET", "WITHOUT"),
    )
)
"""Beside PostgreSQL's own."""
_SYSTEM_COLUMNS = ("oid", "tableoid", "xmin", "cmin", "xmax", "cmax", "ctid")
_KEYS = ("PRIMARY", "UNIQUE", "FOREIGN")
_CONSTRAINTS = (*_KEYS, "CONSTRAINT", "CHECK", "EXCLUDE")
_ACTIONS = ("ADD", "DROP", "ALTER", "RENAME", "OWNER", "APPEND", "ROW")
_ACTIONS_REFUSED = ("DROP IF", "DROP COLUMN IF", "DROP CONSTRAINT IF", "RENAME CONSTRAINT")
_IDENTITY_TYPES = ("INT", "INTEGER", "INT4", "BIGINT", "INT8")
_COLLATIONS = ("CASE_SENSITIVE", "CS")


def edits(tokens: Sequence[Token]) -> Iterator[Edit]:
    """Return the edits for a DDL statement; there are none for any other."""
    words = [token.upper for token in tokens[:5]]
    if words[:1] == ["CREATE"] and "TABLE" in words:
        yield from _create_table(tokens)
    elif words[:2] == ["ALTER", "TABLE"]:
        yield from _alter_table(tokens)


def _create_table(tokens: Sequence[Token]) -> Iterator[Edit]:
    opening = _definition(tokens)
    end = closing(tokens, opening) if opening else 0
    if tokens[end].text != ")" and opening:
        raise Refused("syntax error at end of CREATE TABLE", sqlstate=SYNTAX_ERROR)
    items = list(_items(tokens, opening, end)) if opening else []
    for start, stop in items:
        yield from _item(tokens, start, stop, is_last=stop == end)
    stored = storage.of_table(tokens, items, end)
    if found := keys.of_table(tokens, items):
        stored["keys"] = found
    yield Edit(tokens[-1].end, tokens[-1].end, storage.comment(_table_name(tokens), stored))
    table_attributes.check(tokens, _names(tokens, opening, end) if opening else (), end)
    yield from table_attributes.edits(tokens, end)


def _after_name(tokens: Sequence[Token]) -> int:
    words = [token.upper for token in tokens]
    at = words.index("TABLE") + 1
    at += 3 if words[at : at + 3] == ["IF", "NOT", "EXISTS"] else 0
    at += 1
    while upper_at(tokens, at) == ".":
        at += 2
    return at


def _table_name(tokens: Sequence[Token]) -> str:
    return tokens[min(_after_name(tokens), len(tokens)) - 1].name()


def _definition(tokens: Sequence[Token]) -> int:
    """Return where the list of columns opens; 0 when the table has none, as in CREATE TABLE AS."""
    at = _after_name(tokens)
    return at if upper_at(tokens, at) == "(" else 0


def _items(tokens: Sequence[Token], opening: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield each definition between the commas of the list as a range of tokens."""
    start, depth = opening + 1, 0
    for at in range(start, end):
        depth += {"(": 1, ")": -1}.get(tokens[at].text, 0)
        if tokens[at].text == "," and depth == 0:
            yield start, at
            start = at + 1
    yield start, end


def _names(tokens: Sequence[Token], opening: int, end: int) -> list[str]:
    """Return the columns that are defined one by one; none where others come from LIKE."""
    firsts = [tokens[start] for start, _ in _items(tokens, opening, end)]
    is_whole = not any(first.upper == "LIKE" for first in firsts)
    return [first.name() for first in firsts if first.is_name and first.upper not in _CONSTRAINTS] if is_whole else []


def _item(tokens: Sequence[Token], start: int, stop: int, *, is_last: bool) -> Iterator[Edit]:
    first = upper_at(tokens, start)
    if first == "CONSTRAINT":
        first = upper_at(tokens, start + 2)
    if first in ("CHECK", "EXCLUDE"):
        raise Refused(f"{first} constraints are not supported by Amazon Redshift")
    if first in _KEYS:
        yield from _table_key(tokens, start, stop, first, is_last=is_last)
    elif first != "LIKE":
        yield from _column(tokens, start, stop)
    elif any(
        upper_at(tokens, at) in ("INCLUDING", "EXCLUDING") and upper_at(tokens, at + 1) != "DEFAULTS"
        for at in range(start, stop)
    ):
        raise Refused("CREATE TABLE ... LIKE takes INCLUDING DEFAULTS or EXCLUDING DEFAULTS in Amazon Redshift")


def _table_key(tokens: Sequence[Token], start: int, stop: int, kind: str, *, is_last: bool) -> Iterator[Edit]:
    """Turn PRIMARY KEY (a, b) into NOT NULL of its columns, and drop the rest."""
    opening = next((at for at in range(start, stop) if tokens[at].text == "("), stop)
    columns = [token for token in tokens[opening:stop] if token.is_name] if kind == "PRIMARY" else []
    kept = ", ".join(f"NOT NULL {token.text}" for token in columns)
    if kept:
        yield Edit(tokens[start].start, tokens[stop - 1].end, kept)
    elif is_last:
        yield Edit(tokens[start - 1].start, tokens[stop - 1].end, "")
    else:
        yield Edit(tokens[start].start, tokens[stop].end, "")


def _column(tokens: Sequence[Token], start: int, stop: int) -> Iterator[Edit]:
    """Translate a column's type and strip its attributes."""
    _check_name(tokens[start])
    yield from column_types.edits(tokens, start + 1, stop)
    _check_identity(tokens, start, stop)
    at = start + 1
    while at < stop:
        word = upper_at(tokens, at)
        if word in ("CHECK", "EXCLUDE"):
            raise Refused(f"{word} constraints are not supported by Amazon Redshift")
        end, text = _attribute(tokens, at, stop)
        if end > at:
            yield Edit(tokens[at].start, tokens[end - 1].end, text)
        at = closing(tokens, at) + 1 if tokens[at].text == "(" else max(end, at + 1)


def _check_identity(tokens: Sequence[Token], start: int, stop: int) -> None:
    words = [token.upper for token in tokens[start:stop]]
    if "IDENTITY" in words[2:] and words[1] not in _IDENTITY_TYPES:
        raise Refused(f'IDENTITY column "{tokens[start].name()}" must be INT or BIGINT')


def _check_name(token: Token) -> None:
    if token.upper in _RESERVED:
        raise Refused(f'syntax error at or near "{token.text}": it is a reserved word', sqlstate=SYNTAX_ERROR)
    if token.name() in _SYSTEM_COLUMNS:
        raise Refused(f'column name "{token.name()}" conflicts with a system column name', sqlstate=DUPLICATE_COLUMN)


def _attribute(tokens: Sequence[Token], at: int, stop: int) -> tuple[int, str]:
    """Return where an attribute ends and what takes its place; the same place for what stays."""
    word, after = upper_at(tokens, at), upper_at(tokens, at + 1)
    if word == "GENERATED" and after == "ALWAYS":
        raise Refused("GENERATED ALWAYS is not supported by Amazon Redshift: use IDENTITY(seed, step)")
    if word == "ENCODE":
        table_attributes.check_encoding(after)
    if word == "IDENTITY" and after == "(":
        return closing(tokens, at + 1) + 1, _identity(tokens, at)
    if word == "IDENTITY" and upper_at(tokens, at - 1) != "AS":
        return at + 1, "GENERATED ALWAYS AS IDENTITY"
    if word == "PRIMARY" and after == "KEY":
        return at + 2, "NOT NULL"
    if word == "REFERENCES":
        return _after_reference(tokens, at, stop), ""
    if word == "COLLATE" and after in ("CASE_INSENSITIVE", "CI"):
        raise Refused("COLLATE CASE_INSENSITIVE is not supported by this stand-in: compare lower(...) instead")
    if word == "ENCODE" or (word == "COLLATE" and after in _COLLATIONS):
        return at + 2, ""
    return at + (word in ("DISTKEY", "SORTKEY", "UNIQUE")), ""


def _after_reference(tokens: Sequence[Token], at: int, stop: int) -> int:
    end = at + 2
    while upper_at(tokens, end) == ".":
        end += 2
    return closing(tokens, end) + 1 if end < stop and tokens[end].text == "(" else end


def _identity(tokens: Sequence[Token], at: int) -> str:
    """IDENTITY(seed, step) always generates; after GENERATED BY DEFAULT AS it may be given."""
    inside = [token.text for token in tokens[at + 2 : closing(tokens, at + 1)]]
    seed, _, step = "".join(inside).partition(",")
    lead = "" if upper_at(tokens, at - 1) == "AS" else "GENERATED ALWAYS AS "
    bound = f" MINVALUE {seed}" if not step.startswith("-") else f" MAXVALUE {seed}"
    return f"{lead}IDENTITY (START WITH {seed} INCREMENT BY {step or 1}{bound})"


def _alter_table(tokens: Sequence[Token]) -> Iterator[Edit]:
    words = [token.upper for token in tokens]
    if "ADD" not in words:
        if "ALTER" in words[2:]:
            yield from _alter_column(tokens, words.index("ALTER", 2))
        elif (renamed := storage.of_renaming(tokens)) is not None:
            yield Edit(tokens[-1].end, tokens[-1].end, storage.comment(altered(tokens)[0][-1].name(), renamed))
        return
    at = words.index("ADD") + 1
    if words.count("ADD") > 1:
        raise Refused("ALTER TABLE adds one column at a time in Amazon Redshift")
    if words[at : at + 1] == ["CONSTRAINT"] or upper_at(tokens, at) in ("PRIMARY", "UNIQUE", "FOREIGN", "CHECK"):
        return
    at += words[at : at + 1] == ["COLUMN"]
    if at >= len(tokens):
        raise Refused("syntax error at end of ALTER TABLE", sqlstate=SYNTAX_ERROR)
    if words[at : at + 2] == ["IF", "NOT"]:
        raise Refused("ADD COLUMN IF NOT EXISTS is not supported by Amazon Redshift")
    for word in ("PRIMARY", "UNIQUE", "REFERENCES", "IDENTITY", "DISTKEY", "SORTKEY"):
        if word in words[at + 1 :]:
            raise Refused(f"ALTER TABLE ADD COLUMN does not take {word} in Amazon Redshift")
    yield from _column(tokens, at, len(tokens))
    kept = storage.comment(altered(tokens)[0][-1].name(), storage.of_column(tokens, at, len(tokens)))
    yield Edit(tokens[-1].end, tokens[-1].end, kept)


def materialized_view(tokens: Sequence[Token]) -> Iterator[Edit]:
    """Drop how Redshift stores a materialized view, and whether it is refreshed by itself."""
    at = 4
    while upper_at(tokens, at) == ".":
        at += 2
    yield from table_attributes.edits(tokens, at)
    words = [token.upper for token in tokens]
    if "AUTO" in words and words[words.index("AUTO") + 1 :][:1] == ["REFRESH"]:
        auto = words.index("AUTO")
        yield Edit(tokens[auto].start, tokens[auto + 2].end, "")
    kept = storage.comment(tokens[at - 1].name(), storage.of_table(tokens, [], at))
    yield Edit(tokens[-1].end, tokens[-1].end, kept)


def altered(tokens: Sequence[Token]) -> tuple[Sequence[Token], int]:
    """Return the tokens of the name of the table that ALTER TABLE changes, and where its action begins."""
    at = 3
    while upper_at(tokens, at) == ".":
        at += 2
    return [token for token in tokens[2:at] if token.is_name], at


def check_alteration(tokens: Sequence[Token]) -> None:
    """Raise Refused for what ALTER TABLE does in PostgreSQL alone."""
    words = [token.upper for token in tokens]
    at = 3  # the action follows the table's name
    while words[at : at + 1] == ["."]:
        at += 2
    action, phrase = upper_at(tokens, at), " ".join(words[at : at + 3])
    if action not in _ACTIONS or phrase.startswith(_ACTIONS_REFUSED):
        raise Refused(f"ALTER TABLE ... {phrase} is not supported by Amazon Redshift")
    if action == "ADD" and "CHECK" in words[at + 1 : at + 4]:
        raise Refused("CHECK constraints are not supported by Amazon Redshift")
    if "ENCODE" in words[at:]:
        table_attributes.check_encoding(upper_at(tokens, words.index("ENCODE", at) + 1))


def _alter_column(tokens: Sequence[Token], at: int) -> Iterator[Edit]:
    """ALTER COLUMN changes the length of a VARCHAR, and nothing else of what PostgreSQL changes."""
    at += 1 + (upper_at(tokens, at + 1) == "COLUMN")
    action = upper_at(tokens, at + 1)
    if action in ("SET", "DROP"):
        raise Refused(f"ALTER COLUMN ... {action} {upper_at(tokens, at + 2)} is not supported by Amazon Redshift")
    if action != "TYPE":
        return
    is_varchar = upper_at(tokens, at + 2) in ("VARCHAR", "NVARCHAR", "TEXT") or upper_at(tokens, at + 3) == "VARYING"
    if not is_varchar or "USING" in [token.upper for token in tokens[at:]]:
        raise Refused("ALTER COLUMN ... TYPE changes the size of a VARCHAR only in Amazon Redshift")
    yield from column_types.edits(tokens, at + 2, len(tokens))
