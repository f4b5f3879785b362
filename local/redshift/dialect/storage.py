"""How Redshift would store a table: kept beside it, so that catalogs tell its keys and encodings.

CREATE TABLE carries it in a comment, which an event trigger of the engine reads within the client's transaction.
"""

import json
from collections.abc import Sequence
from typing import Any

from local.redshift.dialect.tokens import Kind, Token, closing, identifier, upper_at

Storage = dict[str, Any]


def comment(table: str, storage: Storage) -> str:
    """Write the comment; empty where nothing is said about the table's storage."""
    if not storage:
        return ""
    text = json.dumps({"table": table, **storage}).replace("*", "\\u002a")
    return f" /*redshift:{text}*/"


def of_table(tokens: Sequence[Token], items: Sequence[tuple[int, int]], end: int) -> Storage:
    """Read the definitions of columns and what follows the list of them."""
    storage: Storage = {}
    for start, stop in items:
        _column(tokens, start, stop, storage)
    _attributes(tokens, end, storage)
    return storage


def of_column(tokens: Sequence[Token], start: int, stop: int) -> Storage:
    storage: Storage = {}
    _column(tokens, start, stop, storage)
    return storage


def of_renaming(tokens: Sequence[Token]) -> Storage | None:
    """Read ALTER TABLE ... RENAME [COLUMN] a TO b."""
    words = [token.upper for token in tokens]
    if words[-2:-1] != ["TO"] or "RENAME" not in words or words[-3] in ("RENAME", "COLUMN"):
        return None
    return {"renamed": [tokens[-3].name(), tokens[-1].name()]}


def of_alteration(tokens: Sequence[Token], start: int) -> Storage:
    """Read ALTER TABLE ... ALTER DISTKEY, DISTSTYLE, SORTKEY and ENCODE, from their first word on."""
    storage: Storage = {}
    for at in range(start, len(tokens)):
        if upper_at(tokens, at) == "ENCODE" and upper_at(tokens, at - 1) != "ALTER":
            storage.setdefault("encodings", {})[tokens[at - 1].name()] = upper_at(tokens, at + 1).lower()
    words = [token.upper for token in tokens]
    if "SORTKEY" in words and upper_at(tokens, words.index("SORTKEY") + 1) == "NONE":
        storage |= {"sort_style": None, "sort_keys": []}
        return storage
    if "DISTKEY" in words[start:] and (at := words.index("DISTKEY", start)) + 1 < len(tokens):
        storage |= {"dist_style": "KEY", "dist_key": tokens[at + 1].name()}
    _attributes(tokens, start, storage)
    return storage


def _column(tokens: Sequence[Token], start: int, stop: int, storage: Storage) -> None:
    if upper_at(tokens, start) == "LIKE":
        storage["like"] = _path(tokens, start + 1)
        return
    name = tokens[start].name() if tokens[start].is_name else ""
    for at in range(start + 1, stop):
        word = upper_at(tokens, at)
        if word == "ENCODE":
            storage.setdefault("encodings", {})[name] = upper_at(tokens, at + 1).lower()
        elif word == "DISTKEY":
            storage |= {"dist_style": "KEY", "dist_key": name}
        elif word == "SORTKEY":
            storage |= {"sort_style": "COMPOUND", "sort_keys": [name]}


def _path(tokens: Sequence[Token], at: int) -> str:
    """Return the name that starts at a token."""
    parts = [tokens[at].name()]
    while upper_at(tokens, at + 1) == ".":
        at += 2
        parts.append(tokens[at].name())
    return ".".join(identifier(part) for part in parts)


def _attributes(tokens: Sequence[Token], start: int, storage: Storage) -> None:
    at = start
    while at < len(tokens) and upper_at(tokens, at) != "AS":
        word, after = upper_at(tokens, at), upper_at(tokens, at + 1)
        if word == "DISTSTYLE" and after != "KEY":
            storage |= {"dist_style": after, "dist_key": None}
        elif word in ("DISTKEY", "SORTKEY") and after == "(":
            end = closing(tokens, at + 1)
            names = [token.name() for token in tokens[at + 2 : end] if token.is_name or token.kind is Kind.NUMBER]
            style = "INTERLEAVED" if upper_at(tokens, at - 1) == "INTERLEAVED" else "COMPOUND"
            storage |= (
                {"dist_style": "KEY", "dist_key": names[0] if names else None}
                if word == "DISTKEY"
                else {"sort_style": style, "sort_keys": names}
            )
            at = end
        elif word == "SORTKEY" and after == "AUTO":
            storage |= {"sort_style": "AUTO", "sort_keys": []}
        at += 1
