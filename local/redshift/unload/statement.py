"""Read an UNLOAD statement: its query, target and options, and which options may be combined."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from local.redshift.copy import authorization
from local.redshift.dialect import grammar, queries, refusals
from local.redshift.dialect.grammar import Argument, Reader
from local.redshift.dialect.tokens import Token, tokenize
from local.redshift.protocol import names
from local.redshift.protocol.errors import SYNTAX_ERROR, Refused

_FORMATS = ("CSV", "PARQUET", "JSON", "FIXEDWIDTH")
COMPRESSIONS = ("GZIP", "BZIP2", "ZSTD")
_CONFLICTS = {
    "CSV": ("ADDQUOTES", "ESCAPE"),
    "PARQUET": ("DELIMITER", "ADDQUOTES", "ESCAPE", "NULL", "HEADER", *COMPRESSIONS),
    "JSON": ("DELIMITER", "HEADER", "ADDQUOTES", "ESCAPE", "NULL"),
    "FIXEDWIDTH": ("DELIMITER", "HEADER"),
    "CLEANPATH": ("ALLOWOVERWRITE",),
}
_SMALLEST_MB, _LARGEST_MB = Decimal(5), Decimal("6.2") * 1024


def _manifest(reader: Reader) -> str:
    return "VERBOSE" if reader.took("VERBOSE") else ""


def _partition(reader: Reader) -> str:
    reader.expect("BY", "(")
    listed = ",".join(map(names.long, reader.names()))
    return f"{listed} INCLUDE" if reader.took("INCLUDE") else listed


def _size(reader: Reader) -> str:
    """Read a size in MB, or in GB where that follows; return MB."""
    text = grammar.number(reader)
    unit = 1024 if reader.took("GB") else 1
    reader.took("MB")
    try:
        return str(Decimal(text) * unit)
    except InvalidOperation:
        raise reader.error() from None


def _encrypted(reader: Reader) -> str:
    return "AUTO" if reader.took("AUTO") else ""


_ARGUMENTS: dict[str, Argument] = {
    **dict.fromkeys(("CSV", "PARQUET", "JSON", "HEADER", *COMPRESSIONS), grammar.flag),
    **dict.fromkeys(("ADDQUOTES", "ESCAPE", "ALLOWOVERWRITE", "CLEANPATH"), grammar.flag),
    **dict.fromkeys(("DELIMITER", "NULL"), grammar.characters),
    **dict.fromkeys(("REGION", "EXTENSION", "FIXEDWIDTH", "KMS_KEY_ID", "MASTER_SYMMETRIC_KEY"), Reader.string),
    **dict.fromkeys(("MAXFILESIZE", "ROWGROUPSIZE"), _size),
    "ENCRYPTED": _encrypted,
    "MANIFEST": _manifest,
    "PARTITION": _partition,
    "PARALLEL": grammar.switch(),
}


@dataclass(frozen=True)
class UnloadCommand:
    query: str
    """As the client wrote it; the session puts it into the engine's dialect."""
    target: str
    options: Mapping[str, str]

    @property
    def format(self) -> str:
        """Return CSV, PARQUET, JSON or TEXT."""
        return next((name for name in _FORMATS if name in self.options), "TEXT")

    @property
    def widths(self) -> tuple[int, ...]:
        """Return the characters that each column takes in a FIXEDWIDTH file: 'label:width,...'."""
        parts = [part.rpartition(":")[2].strip() for part in self.options.get("FIXEDWIDTH", "").split(",")]
        if not all(part.isdecimal() and int(part) > 0 for part in parts):
            raise Refused(f"FIXEDWIDTH '{self.options.get('FIXEDWIDTH')}': write 'label:width' for each column")
        return tuple(int(part) for part in parts)

    @property
    def delimiter(self) -> str:
        return self.options.get("DELIMITER", "," if self.format == "CSV" else "|")

    @property
    def partition(self) -> tuple[str, ...]:
        """Return the columns that choose a row's folder."""
        listed = self.options.get("PARTITION", "").removesuffix(" INCLUDE")
        return tuple(listed.split(",")) if listed else ()

    @property
    def keeps_partition(self) -> bool:
        return self.options.get("PARTITION", "").endswith(" INCLUDE")

    @property
    def largest_file_bytes(self) -> int:
        return int(Decimal(self.options.get("MAXFILESIZE", _LARGEST_MB)) * (1 << 20))


def parse(tokens: Sequence[Token]) -> UnloadCommand:
    """Read a whole statement; raises Refused for what Redshift, or the stand-in, does not take."""
    reader = Reader(tokens)
    reader.expect("UNLOAD", "(")
    query = reader.string_or_body()
    reader.expect(")", "TO")
    target = reader.escaped_string()
    options = authorization.options(reader, _ARGUMENTS, "UNLOAD")
    _check(options)
    if "KMS_KEY_ID" in options and any(token.upper == "CREDENTIALS" for token in tokens):
        raise _together("KMS_KEY_ID", "CREDENTIALS")
    return UnloadCommand(_query(query), target, options)


def _check(options: Mapping[str, str]) -> None:
    if "MASTER_SYMMETRIC_KEY" in options:
        raise Refused("UNLOAD MASTER_SYMMETRIC_KEY: Redshift ended client-side encryption; use KMS_KEY_ID")
    if "KMS_KEY_ID" in options and "ENCRYPTED" not in options:
        raise Refused("UNLOAD KMS_KEY_ID needs ENCRYPTED", sqlstate=SYNTAX_ERROR)
    if "KMS_KEY_ID" in options and options["ENCRYPTED"] == "AUTO":
        raise _together("KMS_KEY_ID", "ENCRYPTED AUTO")
    for group in (_FORMATS, COMPRESSIONS):
        given = [name for name in group if name in options]
        if len(given) > 1:
            raise _together(given[0], given[1])
    for name, others in _CONFLICTS.items():
        for other in others:
            if name in options and other in options:
                raise _together(name, other)
    if len(options.get("DELIMITER", "|").encode()) != 1:
        raise Refused("UNLOAD DELIMITER must be a single ASCII character", sqlstate=SYNTAX_ERROR)
    if "MAXFILESIZE" in options and not _SMALLEST_MB <= Decimal(options["MAXFILESIZE"]) <= _LARGEST_MB:
        raise Refused("UNLOAD MAXFILESIZE must be from 5 MB to 6.2 GB", sqlstate=SYNTAX_ERROR)


def _together(name: str, other: str) -> Refused:
    return Refused(f"UNLOAD options {name} and {other} may not be used together", sqlstate=SYNTAX_ERROR)


def _query(sql: str) -> str:
    """Check the query: the outer SELECT may have no LIMIT."""
    tokens = tokenize(sql)
    refusals.check(tokens)
    outer = [block for block in queries.blocks(tokens)[:1] if block.start == 0]
    if any("LIMIT" in block.clauses or (tokens[1:2] and tokens[1].upper == "TOP") for block in outer):
        raise Refused("Limit clause is not supported in the outer SELECT of UNLOAD; put it in a nested SELECT")
    return sql
