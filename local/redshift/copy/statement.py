"""Read a COPY statement: its table, column list, source and options, in any order Redshift takes them."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from local.redshift.copy import authorization, options
from local.redshift.copy.options import CopyOptions
from local.redshift.dialect import grammar
from local.redshift.dialect.grammar import Argument, Reader
from local.redshift.dialect.tokens import Token, identifier
from local.redshift.protocol.errors import Refused

_FLAGS = (
    *("CSV", "PARQUET", "ORC", "SHAPEFILE", "SERIALIZETOJSON", "MANIFEST", "GZIP", "BZIP2", "ZSTD", "LZOP"),
    *("ESCAPE", "REMOVEQUOTES", "ACCEPTANYDATE", "BLANKSASNULL", "EMPTYASNULL", "EXPLICIT_IDS", "FILLRECORD"),
    *("IGNOREBLANKLINES", "IGNOREALLERRORS", "ROUNDEC", "TRIMBLANKS", "TRUNCATECOLUMNS", "NOLOAD", "ENCRYPTED", "SSH"),
)
_ARGUMENTS: dict[str, Argument] = {
    **dict.fromkeys(_FLAGS, grammar.flag),
    **dict.fromkeys(("REGION", "DATEFORMAT", "TIMEFORMAT", "FIXEDWIDTH", "MASTER_SYMMETRIC_KEY"), Reader.string),
    **dict.fromkeys(("DELIMITER", "QUOTE", "NULL"), grammar.characters),
    **dict.fromkeys(("IGNOREHEADER", "MAXERROR", "COMPROWS", "READRATIO"), grammar.number),
    **dict.fromkeys(("JSON", "AVRO"), grammar.optional("auto")),
    "COMPUPDATE": grammar.switch("PRESET"),
    "STATUPDATE": grammar.switch(),
    "ACCEPTINVCHARS": grammar.optional("?"),
    "ENCODING": grammar.word_or_string,
}

_NOT_YET = (("USING", "TEMPLATE"), ("JOB", "CREATE"))


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


def parse(tokens: Sequence[Token]) -> CopyCommand:
    """Read a whole statement; raises Refused for what Redshift, or the stand-in, does not take."""
    reader = Reader(tokens)
    reader.expect("COPY")
    names = [reader.name()]
    while reader.took("."):
        names.append(reader.name())
    columns = reader.names() if reader.took("(") else None
    reader.expect("FROM")
    if reader.took("STDIN", "PROGRAM"):
        raise Refused("COPY FROM STDIN is not supported by Redshift; it loads from 's3://...'")
    source = reader.escaped_string()
    if not source.startswith("s3://"):
        raise Refused(f"COPY from '{source}' is not supported by this stand-in; it loads from 's3://...'")
    _check_avro(reader)
    _check_supported(reader)
    built = options.build(authorization.options(reader, _ARGUMENTS, "COPY"))
    return CopyCommand(names[-2] if len(names) > 1 else None, names[-1], columns, source, built)


def _check_supported(reader: Reader) -> None:
    for word, following in itertools.pairwise(token.upper for token in reader.tokens[reader.at :]):
        if (word, following) in _NOT_YET:
            raise Refused(f"COPY ... {word} {following} is not supported by this stand-in yet")


def _check_avro(reader: Reader) -> None:
    """AVRO is the one format whose name alone is a syntax error: it needs FORMAT before it."""
    words = [token.upper for token in reader.tokens]
    for at in range(reader.at, len(words)):
        if words[at] == "AVRO" and "FORMAT" not in (words[at - 1], words[at - 2] if words[at - 1] == "AS" else ""):
            reader.at = at
            raise reader.error()
