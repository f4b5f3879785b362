"""ALTER TABLE that the engine carries out by a call: APPEND, lengths, keys and how a table is stored."""

import json
from collections.abc import Sequence

from local.redshift.dialect import column_types, ddl, keys, storage
from local.redshift.dialect.tokens import Token, identifier, literal, upper_at


def append_call(tokens: Sequence[Token]) -> str | None:
    """Return the call that carries out ALTER TABLE ... APPEND FROM, None for any other statement."""
    words = [token.upper for token in tokens]
    if "APPEND" not in words or words[words.index("APPEND") + 1 :][:1] != ["FROM"]:
        return None
    at = words.index("APPEND")
    end = next((index for index in range(at, len(words)) if words[index] in ("IGNOREEXTRA", "FILLTARGET")), len(words))
    target, source = (literal(_relation(part)) for part in (tokens[2:at], tokens[at + 2 : end]))
    ignores, fills = ("IGNOREEXTRA" in words), ("FILLTARGET" in words)
    return f"CALL pg_internal.append_table({target}, {source}, {ignores}, {fills})"


def alter_check(tokens: Sequence[Token]) -> str:
    """Return the call that refuses a new length for a column of ALTER TABLE t ALTER COLUMN c TYPE ..., if it must."""
    words = [token.upper for token in tokens]
    at = words.index("ALTER", 2)
    column = tokens[at + 1 + (upper_at(tokens, at + 1) == "COLUMN")].name()
    size = next((word for word in words[words.index("TYPE") :] if word.isdigit() or word == "MAX"), "NULL")
    size = str(column_types.MOST_BYTES["VARCHAR"]) if size == "MAX" else size
    return f"SELECT pg_internal.check_new_length({literal(_relation(tokens[2:at]))}, {literal(column)}, {size})"


def storage_call(tokens: Sequence[Token]) -> str:
    """Return the call that carries out ALTER TABLE ... ALTER DISTKEY and its like."""
    name, at = ddl.altered(tokens)
    return _alteration(name, storage.of_alteration(tokens, at))


def key_call(tokens: Sequence[Token]) -> str:
    """Return the call that notes the key of ALTER TABLE ... ADD, or forgets that of ALTER TABLE ... DROP CONSTRAINT."""
    name, at = ddl.altered(tokens)
    is_added = upper_at(tokens, at) == "ADD"
    change = {"keys": keys.of_addition(tokens, at + 1)} if is_added else {"dropped_key": tokens[at + 2].name()}
    return _alteration(name, change)


def _alteration(name: Sequence[Token], change: storage.Storage) -> str:
    document = f"pg_internal.document({literal(json.dumps(change))})"
    return f"SELECT pg_internal.alter_storage({literal(_relation(name))}, {document})"


def _relation(tokens: Sequence[Token]) -> str:
    return ".".join(identifier(token.name()) for token in tokens if token.is_name)
