"""Read a COPY statement: its table, column list, source and options, in any order Redshift takes them."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from local.redshift import copy_options
from local.redshift.copy_options import CopyOptions
from local.redshift.errors import SYNTAX_ERROR, Refused
from local.redshift.tokens import Kind, Token, identifier

_FLAGS = (
    *("CSV", "PARQUET", "ORC", "SHAPEFILE", "SERIALIZETOJSON", "MANIFEST", "GZIP", "BZIP2", "ZSTD", "LZOP"),
    *("ESCAPE", "REMOVEQUOTES", "ACCEPTANYDATE", "BLANKSASNULL", "EMPTYASNULL", "EXPLICIT_IDS", "FILLRECORD"),
    *("IGNOREBLANKLINES", "IGNOREALLERRORS", "ROUNDEC", "TRIMBLANKS", "TRUNCATECOLUMNS", "NOLOAD", "ENCRYPTED", "SSH"),
)
_TEXTS = (
    *("REGION", "DATEFORMAT", "TIMEFORMAT", "FIXEDWIDTH", "CREDENTIALS", "ACCESS_KEY_ID", "SECRET_ACCESS_KEY"),
    *("SESSION_TOKEN", "MASTER_SYMMETRIC_KEY"),
)
_CHARACTERS = ("DELIMITER", "QUOTE", "NULL")
_NUMBERS = ("IGNOREHEADER", "MAXERROR", "COMPROWS", "READRATIO")
_SWITCHES = ("COMPUPDATE", "STATUPDATE")
_AUTHORIZATION = ("IAM_ROLE", "CREDENTIALS", "ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN")
_UNLOAD = (
    *("CSV", "PARQUET", "HEADER", "MANIFEST", "GZIP", "ALLOWOVERWRITE", "PARALLEL", "DELIMITER", "NULL", "REGION"),
    *_AUTHORIZATION,
)
_BACKSLASH = re.compile(rb"\\([0-7]{1,3}|.)", re.DOTALL)
_ESCAPES = {b"t": b"\t", b"n": b"\n", b"r": b"\r", b"b": b"\b", b"f": b"\f", b"v": b"\v", b"\\": b"\\"}


@dataclass(frozen=True)
class CopyCommand:
    schema: str | None
    table: str
    columns: tuple[str, ...] | None
    source: str
    options: CopyOptions

    @property
    def qualified_table(self) -> str:
        """Return the table as SQL."""
        return ".".join(identifier(name) for name in (self.schema, self.table) if name is not None)


class Reader:
    """Walks over the tokens of one statement."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self.tokens = tokens
        self.at = 0

    @property
    def is_done(self) -> bool:
        return self.at >= len(self.tokens)

    def take(self) -> Token:
        if self.is_done:
            raise Refused("syntax error at end of COPY", sqlstate=SYNTAX_ERROR)
        self.at += 1
        return self.tokens[self.at - 1]

    def took(self, *words: str) -> bool:
        is_next = not self.is_done and self.tokens[self.at].upper in words
        self.at += is_next
        return is_next

    def expect(self, word: str) -> None:
        if not self.took(word):
            raise self.error()

    def error(self) -> Refused:
        near = self.tokens[min(self.at, len(self.tokens) - 1)].text
        return Refused(f'syntax error at or near "{near}"', sqlstate=SYNTAX_ERROR)

    def name(self) -> str:
        if self.is_done or not self.tokens[self.at].is_name:
            raise self.error()
        return self.take().name()

    def string(self) -> str:
        self.took("AS")
        if self.is_done or self.tokens[self.at].kind is not Kind.TEXT:
            raise self.error()
        return self.take().string()

    @property
    def is_at_string(self) -> bool:
        return not self.is_done and self.tokens[self.at].kind is Kind.TEXT


def parse(tokens: Sequence[Token]) -> CopyCommand:
    """Read a whole statement; raises Refused for what Redshift, or the stand-in, does not take."""
    reader = Reader(tokens)
    reader.expect("COPY")
    names = [reader.name()]
    while reader.took("."):
        names.append(reader.name())
    columns = _columns(reader) if reader.took("(") else None
    reader.expect("FROM")
    if reader.took("STDIN", "PROGRAM"):
        raise Refused("COPY FROM STDIN is not supported by Redshift; it loads from 's3://...'")
    source = reader.string()
    if not source.startswith("s3://"):
        raise Refused(f"COPY from '{source}' is not supported by this stand-in; it loads from 's3://...'")
    options = copy_options.build(_options(reader))
    return CopyCommand(names[-2] if len(names) > 1 else None, names[-1], columns, source, options)


def _columns(reader: Reader) -> tuple[str, ...]:
    columns = [reader.name()]
    while reader.took(","):
        columns.append(reader.name())
    reader.expect(")")
    return tuple(columns)


def _options(reader: Reader) -> dict[str, str]:
    given: dict[str, str] = {}
    while not reader.is_done:
        if reader.took("FORMAT", "WITH"):
            reader.took("AS")
            continue
        name = reader.tokens[reader.at].upper
        read = _ARGUMENTS.get(name)
        if read is None:
            raise reader.error()
        if name in given:
            raise Refused(f"conflicting or redundant options: {name} is given twice", sqlstate=SYNTAX_ERROR)
        reader.take()
        given[name] = read(reader)
    return _without_authorization(given)


def _without_authorization(given: dict[str, str]) -> dict[str, str]:
    """Check that the caller is authorized in one way; which one means nothing on a laptop."""
    ways = {"ACCESS_KEY_ID" if name in _AUTHORIZATION[2:] else name for name in given if name in _AUTHORIZATION}
    if len(ways) != 1:
        needed = "needs one of IAM_ROLE, CREDENTIALS or ACCESS_KEY_ID with SECRET_ACCESS_KEY"
        raise Refused(f"COPY {needed}", sqlstate=SYNTAX_ERROR)
    if "CREDENTIALS" in given and not re.fullmatch(r"\w+=\S+", given["CREDENTIALS"]):
        raise Refused("Invalid credentials. Must be of the format: credentials 'aws_iam_role=...'")
    return {name: value for name, value in given.items() if name not in _AUTHORIZATION}


def unload_options(reader: Reader) -> dict[str, str]:
    """Read what may follow UNLOAD's target."""
    given: dict[str, str] = {}
    while not reader.is_done:
        if reader.took("FORMAT", "WITH"):
            reader.took("AS")
            continue
        name = reader.tokens[reader.at].upper
        if name not in _UNLOAD:
            raise reader.error()
        reader.take()
        given[name] = _switch(reader) if name == "PARALLEL" else _ARGUMENTS.get(name, _flag)(reader)
    return _without_authorization(given)


def _flag(_: Reader) -> str:
    return ""


def _characters(reader: Reader) -> str:
    """Read a string in which a backslash stands for a character: \\t, \\\\ or up to three octal digits of a byte."""
    raw = reader.string().encode("utf-8", "surrogateescape")
    return _BACKSLASH.sub(_unescaped, raw).decode("utf-8", "surrogateescape")


def _unescaped(found: re.Match[bytes]) -> bytes:
    escape = found[1]
    return bytes([int(escape, 8) & 255]) if escape[:1] in b"01234567" else _ESCAPES.get(escape, found[0])


def _number(reader: Reader) -> str:
    reader.took("AS")
    token = reader.take()
    return token.string() if token.kind is Kind.TEXT else token.text


def _switch(reader: Reader) -> str:
    return reader.take().upper if not reader.is_done and _is_switch(reader) else "ON"


def _is_switch(reader: Reader) -> bool:
    return reader.tokens[reader.at].upper in ("ON", "OFF", "TRUE", "FALSE", "PRESET")


def _role(reader: Reader) -> str:
    return "default" if reader.took("DEFAULT") else reader.string()


def _json(reader: Reader) -> str:
    return reader.string() if reader.took("AS") or reader.is_at_string else "auto"


def _replacement(reader: Reader) -> str:
    return reader.string() if reader.took("AS") or reader.is_at_string else "?"


def _encoding(reader: Reader) -> str:
    reader.took("AS")
    token = reader.take()
    return token.string() if token.kind is Kind.TEXT else token.upper


_ARGUMENTS: dict[str, Callable[[Reader], str]] = {
    **dict.fromkeys(_FLAGS, _flag),
    **dict.fromkeys(_TEXTS, Reader.string),
    **dict.fromkeys(_CHARACTERS, _characters),
    **dict.fromkeys(_NUMBERS, _number),
    **dict.fromkeys(_SWITCHES, _switch),
    "IAM_ROLE": _role,
    "JSON": _json,
    "AVRO": _json,
    "ACCEPTINVCHARS": _replacement,
    "ENCODING": _encoding,
}
