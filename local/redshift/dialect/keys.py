"""PRIMARY KEY, UNIQUE and FOREIGN KEY: noted for tools that read catalogs, and never enforced."""

from collections.abc import Iterator, Sequence

from local.redshift.dialect.tokens import Token, closing, identifier, upper_at

Key = dict[str, object]
_KINDS = {"PRIMARY": "p", "UNIQUE": "u", "FOREIGN": "f", "REFERENCES": "f"}


def of_table(tokens: Sequence[Token], items: Sequence[tuple[int, int]]) -> list[Key]:
    """Read the keys among the definitions of CREATE TABLE."""
    return [key for start, stop in items for key in _of_item(tokens, start, stop)]


def of_addition(tokens: Sequence[Token], start: int) -> list[Key]:
    """Read ALTER TABLE ... ADD [CONSTRAINT c] key, from what follows ADD on."""
    return list(_of_item(tokens, start, len(tokens)))


def _of_item(tokens: Sequence[Token], start: int, stop: int) -> Iterator[Key]:
    name, at = "", start
    if upper_at(tokens, start) == "CONSTRAINT":
        name, at = tokens[start + 1].name(), start + 2
    if upper_at(tokens, at) in ("PRIMARY", "UNIQUE", "FOREIGN"):
        opening = next((place for place in range(at, stop) if tokens[place].text == "("), stop - 1)
        yield _key(tokens, at, stop, name, _names(tokens, opening))
        return
    depth = 0
    for place in range(start + 1, stop):
        depth += {"(": 1, ")": -1}.get(tokens[place].text, 0)
        if depth == 0 and upper_at(tokens, place) in ("PRIMARY", "UNIQUE", "REFERENCES"):
            yield _key(tokens, place, stop, "", [tokens[start].name()])


def _key(tokens: Sequence[Token], at: int, stop: int, name: str, columns: list[str]) -> Key:
    key: Key = {"name": name, "kind": _KINDS[upper_at(tokens, at)], "columns": columns}
    target = next((place for place in range(at, stop) if upper_at(tokens, place) == "REFERENCES"), None)
    if key["kind"] == "f" and target is not None:
        parts, end = [tokens[target + 1].name()], target + 2
        while upper_at(tokens, end) == ".":
            parts.append(tokens[end + 1].name())
            end += 2
        key["target"] = ".".join(map(identifier, parts))
        key["target_columns"] = _names(tokens, end) if end < stop and tokens[end].text == "(" else []
    return key


def _names(tokens: Sequence[Token], opening: int) -> list[str]:
    return [token.name() for token in tokens[opening : closing(tokens, opening)] if token.is_name]
