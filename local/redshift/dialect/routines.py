"""CREATE PROCEDURE and CREATE FUNCTION: their bodies are in Redshift's dialect too, and errors behave otherwise.

Each statement of a body is read as one that a client sends.  What the engine is asked about it has NULL of the declared
type in place of a variable.  An exception that a handler has caught is thrown again, unless the procedure is
NONATOMIC, whose statements commit one by one (Trapping errors, Managing transactions).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from local.redshift.dialect.column_types import MOST_BYTES
from local.redshift.dialect.queries import pieces
from local.redshift.dialect.tokens import Edit, Kind, Token, apply, closing, depths, tokenize, upper_at

_STATEMENTS = ("SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "ALTER", "MERGE", "WITH", "PERFORM", "EXECUTE", "CALL")
_CHANGES = ("INSERT", "UPDATE", "DELETE", "CREATE", "ALTER", "MERGE", "EXECUTE")
_OPENS = ("BEGIN", "IF", "LOOP", "CASE")
_TESTS = ("IF", "ELSIF", "ELSEIF", "WHEN")
_MODES = ("IN", "OUT", "INOUT", "VARIADIC", "CONSTANT")
_NO_VALUES = ("record", "refcursor", "cursor", "alias")
_TAG = "$lakeport_body$"
_ENDS_TYPE = ("DEFAULT", ":", "=", "NOT", ";")

Part = tuple[int, int]
"""Where a statement of a body begins and ends."""


def is_creation(tokens: Sequence[Token]) -> bool:
    words = [token.upper for token in tokens[:4]]
    return words[:1] == ["CREATE"] and bool({"PROCEDURE", "FUNCTION"} & set(words))


def normalized(sql: str, tokens: Sequence[Token]) -> str:
    """Return the statement with its body in dollars, and with numbers for lengths of MAX in it."""
    body = next((at for at, token in enumerate(tokens) if token.kind is Kind.BODY), None)
    after_as = next((at + 1 for at, token in enumerate(tokens[:-1]) if token.upper == "AS"), 0)
    edits = list(_lengths(tokens))
    if body is None and tokens[after_as].kind is Kind.TEXT:
        body = after_as
    if body is not None:
        text = tokens[body].string()
        text = apply(text, _lengths(tokenize(text)))
        edits.append(Edit(tokens[body].start, tokens[body].end, f"{_TAG}{text}{_TAG}"))
    return apply(sql, edits)


def _lengths(tokens: Sequence[Token]) -> Iterator[Edit]:
    for at, token in enumerate(tokens):
        if token.upper == "MAX" and (upper_at(tokens, at - 1), upper_at(tokens, at + 1)) == ("(", ")"):
            yield Edit(token.start, token.end, str(MOST_BYTES.get(upper_at(tokens, at - 2), MOST_BYTES["VARCHAR"])))


@dataclass(frozen=True)
class Routine:
    """CREATE PROCEDURE or CREATE FUNCTION in PL/pgSQL or SQL."""

    sql: str

    @cached_property
    def tokens(self) -> list[Token]:
        return tokenize(self.sql)

    @property
    def is_procedure(self) -> bool:
        return "PROCEDURE" in [token.upper for token in self.tokens[:4]]

    @cached_property
    def body(self) -> Part | None:
        """Return where the body is, between its dollars; None in another language."""
        if not {"PLPGSQL", "SQL"} & {token.upper for token in self.tokens}:
            return None
        found = next((token for token in self.tokens if token.kind is Kind.BODY), None)
        if not found:
            return None
        return found.start + found.text.index("$", 1) + 1, found.start + found.text.rindex("$", 0, -1)

    @cached_property
    def parts(self) -> list[Part]:
        """Return the statements of the body, and the expressions around them."""
        return [(self._start + start, self._start + stop) for start, stop in _parts(self._text)]

    @cached_property
    def variables(self) -> Mapping[str, str]:
        """Return the types of the parameters, by name and by number, and of the variables."""
        tokens, found = self.tokens, dict[str, str]()
        opening = next((at for at, token in enumerate(tokens) if token.text == "("), len(tokens))
        for number, (start, stop) in enumerate(pieces(tokens, opening + 1, closing(tokens, opening)), 1):
            words = [token for token in tokens[start:stop] if token.upper not in _MODES]
            is_named = len(words) > 1 and words[0].is_name and words[1].is_name and words[1].upper != "PRECISION"
            name, kind = (words[0].name(), words[1:]) if is_named else ("", words)
            found |= dict.fromkeys((name, f"${number}"), _type(self.sql, kind))
        found |= _declared(self._text) | dict.fromkeys(_counters(self._text), "int")
        return {name: kind for name, kind in found.items() if name and kind}

    def written(self, texts: Sequence[str]) -> str:
        """Return the statement with these texts in place of the parts of its body."""
        edits = list(_parameters(self.tokens)) if self.is_procedure else []
        words = [token.upper for token in self.tokens]
        is_nonatomic = "NONATOMIC" in words
        if is_nonatomic:
            token = self.tokens[words.index("NONATOMIC")]
            edits.append(Edit(token.start, token.end, ""))
        if self.body:
            changes = [
                Edit(start - self._start, stop - self._start, text)
                for (start, stop), text in zip(self.parts, texts, strict=True)
            ]
            body = apply(self._text, changes)
            edits.append(Edit(*self.body, _errors(body, is_nonatomic=is_nonatomic) if self.is_procedure else body))
        return apply(self.sql, edits)

    @property
    def _start(self) -> int:
        return self.body[0] if self.body else 0

    @property
    def _text(self) -> str:
        return self.sql[self.body[0] : self.body[1]] if self.body else ""


def of_prepare(sql: str) -> dict[str, str]:
    """Return the types that PREPARE declares for its parameters, by their numbers."""
    tokens = tokenize(sql)
    if upper_at(tokens, 0) != "PREPARE" or upper_at(tokens, 2) != "(":
        return {}
    spans = pieces(tokens, 3, closing(tokens, 2))
    return {f"${number}": _type(sql, tokens[start:stop]) for number, (start, stop) in enumerate(spans, 1)}


def with_types(query: str, variables: Mapping[str, str]) -> str:
    """Return a question to the engine with NULL of the right type in place of each variable."""
    tokens = tokenize(query) if variables else []
    return apply(
        query,
        [
            Edit(token.start, token.end, f"(NULL::{variables[name]})")
            for at, token in enumerate(tokens)
            if (name := token.name() if token.is_name else token.text) in variables
            and (token.is_name or token.kind is Kind.PARAMETER)
            and upper_at(tokens, at - 1) not in (".", "AS")
            and upper_at(tokens, at + 1) not in (".", "(")
        ],
    )


def _parts(body: str) -> Iterator[Part]:
    """Cut a body at semicolons and at the words of PL/pgSQL after which a statement begins."""
    tokens = tokenize(body)
    depth, first, cases = depths(tokens), 0, 0
    for at, token in enumerate(tokens):
        is_case = token.upper == "CASE" and upper_at(tokens, at - 1) != "END"
        cases += 1 if is_case else -1 if cases and token.upper == "END" else 0
        is_word = not depth[at] and not cases
        starts = is_word and token.upper in _STATEMENTS and not _has_begun(tokens, first, at)
        ends_test = is_word and token.upper == "THEN" and upper_at(tokens, first) in _TESTS
        if token.text == ";" or ends_test or (is_word and token.upper in ("LOOP", "BEGIN", "ELSE", "DECLARE")):
            yield from _part(tokens, first, at)
            first = at + 1
        elif starts and at > first:
            yield from _part(tokens, first, at)
            first = at
    yield from _part(tokens, first, len(tokens))


def _has_begun(tokens: Sequence[Token], first: int, at: int) -> bool:
    """Return whether a statement has begun before a word, such as the INSERT that a SELECT belongs to."""
    return any(token.upper in _STATEMENTS for token in tokens[first:at])


def _part(tokens: Sequence[Token], start: int, stop: int) -> Iterator[Part]:
    if start < stop:
        yield tokens[start].start, tokens[stop - 1].end


def _declared(body: str) -> dict[str, str]:
    """Return the types of the variables between DECLARE and BEGIN."""
    tokens, found = tokenize(body), dict[str, str]()
    at = 0
    while at < len(tokens):
        if upper_at(tokens, at) != "DECLARE":
            at += 1
            continue
        at += 1
        while at < len(tokens) and upper_at(tokens, at) != "BEGIN":
            stop = next((end for end in range(at, len(tokens)) if tokens[end].text == ";"), len(tokens))
            kinds = [token for token in tokens[at + 1 : stop] if token.upper not in _MODES]
            size = next((place for place, token in enumerate(kinds) if token.upper in _ENDS_TYPE), len(kinds))
            found[tokens[at].name()] = _type(body, kinds[:size])
            at = stop + 1
    return found


def _counters(body: str) -> Iterator[str]:
    """Yield the variables of loops over numbers, as in `FOR i IN 1..3 LOOP`."""
    tokens = tokenize(body)
    for at, token in enumerate(tokens):
        if token.upper == "FOR" and upper_at(tokens, at + 2) == "IN":
            stop = next((end for end in range(at, len(tokens)) if tokens[end].upper == "LOOP"), len(tokens))
            if any(tokens[end].text == "." and tokens[end + 1].text[0] == "." for end in range(at, stop - 1)):
                yield tokens[at + 1].name()


def _type(text: str, tokens: Sequence[Token]) -> str:
    """Return the text of a type; empty for one that follows from a table, and for records and cursors."""
    text = text[tokens[0].start : tokens[-1].end] if tokens else ""
    return "" if "%" in text or text.lower().startswith(_NO_VALUES) else text


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


def _errors(body: str, *, is_nonatomic: bool) -> str:
    """Throw caught exceptions again, or commit after each statement of a block that catches none."""
    tokens = tokenize(body)
    words = [token.upper for token in tokens]
    if not is_nonatomic:
        return apply(
            body,
            [
                Edit(tokens[stop].start, tokens[stop].start, f" {_undone(words[start:stop])}RAISE; ")
                for start, stop in _handlers(words)
            ],
        )
    if "EXCEPTION" in words and "BEGIN" in words:
        at = tokens[words.index("BEGIN")].end
        warning = _warning("a NONATOMIC procedure with an exception handler commits at its end")
        return apply(body, [Edit(at, at, warning)])
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


def _undone(words: Sequence[str]) -> str:
    return _warning("what an exception handler writes is undone") if set(_CHANGES) & set(words) else ""


def _warning(text: str) -> str:
    return f" RAISE WARNING '{text} in this stand-in, unlike in Amazon Redshift'; "


def _handlers(words: Sequence[str]) -> Iterator[Part]:
    """Yield the words of each handler, up to the next WHEN of its block, or to the block's END."""
    blocks: list[list[Any]] = []  # the word that opened it, whether it handles, where a handler has begun
    for at, word in enumerate(words):
        if word == "END":
            if blocks:
                _, handles, begun = blocks.pop()
                if handles and begun:
                    yield begun, at
        elif word in _OPENS and words[at - 1 : at] != ["END"]:
            blocks.append([word, False, 0])
        elif word == "EXCEPTION" and words[at + 1 : at + 2] == ["WHEN"] and blocks:
            blocks[-1][1] = True
        elif word == "WHEN" and blocks and blocks[-1][0] == "BEGIN" and blocks[-1][1]:
            if blocks[-1][2]:
                yield blocks[-1][2], at
            blocks[-1][2] = at
