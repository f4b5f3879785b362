"""CREATE PROCEDURE and CREATE FUNCTION: their bodies are in Redshift's dialect too, and errors behave otherwise.

An exception that a handler has caught is thrown again, unless the procedure is NONATOMIC, whose statements commit one
by one (Trapping errors, Managing transactions).
"""

from collections.abc import Callable, Iterator, Sequence

from local.redshift.dialect.queries import pieces
from local.redshift.dialect.tokens import Edit, Kind, Token, apply, closing, tokenize

_STATEMENTS = ("SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "ALTER", "MERGE", "WITH", "PERFORM", "EXECUTE")
_CHANGES = ("INSERT", "UPDATE", "DELETE", "CREATE", "ALTER", "MERGE", "EXECUTE")
_OPENS = ("BEGIN", "IF", "LOOP", "CASE")

Rewrite = Callable[[str], str]


def is_creation(tokens: Sequence[Token]) -> bool:
    words = [token.upper for token in tokens[:4]]
    return words[:1] == ["CREATE"] and bool({"PROCEDURE", "FUNCTION"} & set(words))


def rewritten(sql: str, tokens: Sequence[Token], rewrite: Rewrite) -> str:
    """Return the statement with its body in PostgreSQL's dialect; other languages than these two stay."""
    words = [token.upper for token in tokens]
    is_procedure, is_nonatomic = "PROCEDURE" in words[:4], "NONATOMIC" in words
    edits = list(_parameters(tokens)) if is_procedure else []
    if is_nonatomic:
        at = words.index("NONATOMIC")
        edits.append(Edit(tokens[at].start, tokens[at].end, ""))
    if {"PLPGSQL", "SQL"} & set(words):
        for token in tokens:
            if token.kind is Kind.BODY:
                start, end = token.text.index("$", 1) + 1, token.text.rindex("$", 0, -1)
                body = _statements(token.text[start:end], rewrite)
                body = _errors(body, is_nonatomic=is_nonatomic) if is_procedure else body
                edits.append(Edit(token.start + start, token.start + end, body))
    return apply(sql, edits)


def _parameters(tokens: Sequence[Token]) -> Iterator[Edit]:
    """A CALL leaves out the OUT parameters: they are INOUT and NULL at first, where only such follow."""
    opening = next((at for at, token in enumerate(tokens) if token.text == "("), None)
    if opening is None:
        return
    spans = list(pieces(tokens, opening + 1, closing(tokens, opening)))
    for start, stop in reversed(spans):
        out = next((at for at in range(start, stop) if tokens[at].upper == "OUT"), None)
        if out is None:
            return
        yield Edit(tokens[out].start, tokens[out].end, "INOUT")
        yield Edit(tokens[stop - 1].end, tokens[stop - 1].end, " DEFAULT NULL")


def _statements(body: str, rewrite: Rewrite) -> str:
    """Rewrite each statement of a body, without the words of PL/pgSQL before it."""
    tokens, edits, first = tokenize(body), list[Edit](), 0
    for at, token in enumerate([*tokens, None]):
        if token is not None and token.text != ";":
            continue
        piece = tokens[first:at]
        begin = next((each for each in piece if each.upper in _STATEMENTS), piece[0] if piece else None)
        if begin is not None:
            edits.append(Edit(begin.start, piece[-1].end, rewrite(body[begin.start : piece[-1].end])))
        first = at + 1
    return apply(body, edits)


def _errors(body: str, *, is_nonatomic: bool) -> str:
    """Throw caught exceptions again, or commit after each statement of a block that catches none."""
    tokens = tokenize(body)
    words = [token.upper for token in tokens]
    if not is_nonatomic:
        return apply(body, [Edit(tokens[at].start, tokens[at].start, " RAISE; ") for at in _handler_ends(words)])
    if "EXCEPTION" in words:
        return body
    starts = [0, *(at + 1 for at, token in enumerate(tokens) if token.text == ";")]
    ends = [at for at, token in enumerate(tokens) if token.text == ";"]
    return apply(
        body,
        [
            Edit(tokens[end].end, tokens[end].end, " COMMIT;")
            for start, end in zip(starts, ends, strict=False)
            if set(_CHANGES) & set(words[start:end])
        ],
    )


def _handler_ends(words: Sequence[str]) -> Iterator[int]:
    """Yield where a handler ends: at the next WHEN of its block, or at the block's END."""
    blocks: list[list[object]] = []  # the word that opened it, whether it handles, whether a handler has begun
    for at, word in enumerate(words):
        if word == "END":
            if blocks:
                _, handles, has_begun = blocks.pop()
                if handles and has_begun:
                    yield at
        elif word in _OPENS and words[at - 1 : at] != ["END"]:
            blocks.append([word, False, False])
        elif word == "EXCEPTION" and words[at + 1 : at + 2] == ["WHEN"] and blocks:
            blocks[-1][1] = True
        elif word == "WHEN" and blocks and blocks[-1][0] == "BEGIN" and blocks[-1][1]:
            if blocks[-1][2]:
                yield at
            blocks[-1][2] = True
