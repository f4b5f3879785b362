"""Walk over the tokens of COPY and UNLOAD, whose options come in any order, each with its own kind of argument."""

import re
from collections.abc import Callable, Mapping, Sequence

from local.redshift.dialect.tokens import Kind, Token
from local.redshift.protocol.errors import SYNTAX_ERROR, Refused

_BACKSLASH = re.compile(rb"\\([0-7]{1,3}|.)", re.DOTALL)
_ESCAPES = {b"t": b"\t", b"n": b"\n", b"r": b"\r", b"b": b"\b", b"f": b"\f", b"v": b"\v", b"\\": b"\\"}


class Reader:
    """Walks over the tokens of one statement."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self.tokens = tokens
        self.at = 0

    @property
    def is_done(self) -> bool:
        return self.at >= len(self.tokens)

    @property
    def is_at_string(self) -> bool:
        return not self.is_done and self.tokens[self.at].kind is Kind.TEXT

    @property
    def word(self) -> str:
        """Return the keyword that comes next, empty at the end."""
        return "" if self.is_done else self.tokens[self.at].upper

    def take(self) -> Token:
        if self.is_done:
            raise Refused(f"syntax error at end of {self.tokens[0].upper}", sqlstate=SYNTAX_ERROR)
        self.at += 1
        return self.tokens[self.at - 1]

    def took(self, *words: str) -> bool:
        is_next = bool(self.word) and self.word in words
        self.at += is_next
        return is_next

    def expect(self, *words: str) -> None:
        for word in words:
            if not self.took(word):
                raise self.error()

    def error(self) -> Refused:
        near = self.tokens[min(self.at, len(self.tokens) - 1)].text
        return Refused(f'syntax error at or near "{near}"', sqlstate=SYNTAX_ERROR)

    def name(self) -> str:
        if self.is_done or not self.tokens[self.at].is_name:
            raise self.error()
        return self.take().name()

    def names(self) -> tuple[str, ...]:
        """Read a list of names after its opening parenthesis."""
        names = [self.name()]
        while self.took(","):
            names.append(self.name())
        self.expect(")")
        return tuple(names)

    def string(self) -> str:
        self.took("AS")
        if not self.is_at_string:
            raise self.error()
        return self.take().string()

    def escaped_string(self) -> str:
        """Read a string in which a backslash begins an escape, as in any other statement."""
        return unescaped(self.string())

    def string_or_body(self) -> str:
        """Read a string with escapes, or what is between two $$."""
        if self.is_done or self.tokens[self.at].kind is not Kind.BODY:
            return self.escaped_string()
        text = self.take().text
        return text[text.index("$", 1) + 1 : text.rindex("$", 0, -1)]


Argument = Callable[[Reader], str]


def options(reader: Reader, arguments: Mapping[str, Argument]) -> dict[str, str]:
    """Read all that is left as options: each one's name to its argument, in the order given."""
    given: dict[str, str] = {}
    while not reader.is_done:
        if reader.took("FORMAT", "WITH"):
            reader.took("AS")
            continue
        name = reader.word
        if name not in arguments:
            raise reader.error()
        if name in given:
            raise Refused(f"conflicting or redundant options: {name} is given twice", sqlstate=SYNTAX_ERROR)
        reader.take()
        given[name] = arguments[name](reader)
    return given


def flag(_: Reader) -> str:
    return ""


def characters(reader: Reader) -> str:
    """Read a string in which a backslash stands for a character: \\t, \\\\ or up to three octal digits of a byte.

    Clients double the backslash, since it begins an escape in every string.
    """
    return unescaped(reader.escaped_string())


def unescaped(text: str) -> str:
    raw = text.encode("utf-8", "surrogateescape")
    return _BACKSLASH.sub(_unescaped, raw).decode("utf-8", "surrogateescape")


def _unescaped(found: re.Match[bytes]) -> bytes:
    escape = found[1]
    return bytes([int(escape, 8) & 255]) if escape[:1] in b"01234567" else _ESCAPES.get(escape, found[0])


def number(reader: Reader) -> str:
    reader.took("AS")
    token = reader.take()
    return token.string() if token.kind is Kind.TEXT else token.text


def switch(*words: str) -> Argument:
    """Return what reads ON, OFF and their like; the option alone means ON."""

    def read(reader: Reader) -> str:
        return reader.take().upper if reader.word in ("ON", "OFF", "TRUE", "FALSE", *words) else "ON"

    return read


def optional(default: str) -> Argument:
    """Return what reads a string that may be missing."""

    def read(reader: Reader) -> str:
        return reader.string() if reader.word == "AS" or reader.is_at_string else default

    return read


def word_or_string(reader: Reader) -> str:
    reader.took("AS")
    token = reader.take()
    return token.string() if token.kind is Kind.TEXT else token.upper
