"""The options of a COPY statement as one frozen value: their defaults, and which may be combined."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from local.redshift.protocol.errors import SYNTAX_ERROR, Refused

MOST_ERRORS = 100_000
COLUMNAR_OPTIONS = frozenset(
    {"PARQUET", "ORC", "MANIFEST", "FILLRECORD", "ACCEPTINVCHARS", "EXPLICIT_IDS", "STATUPDATE", "SERIALIZETOJSON"}
)
ENCODINGS = ("UTF8", "UTF16", "UTF16LE", "UTF16BE", "ISO88591")
REFUSED_WITH = {
    "CSV": ("FIXEDWIDTH", "REMOVEQUOTES", "ESCAPE"),
    "FIXEDWIDTH": ("DELIMITER", "ESCAPE"),
    "JSON": ("DELIMITER", "ESCAPE", "FILLRECORD", "IGNOREBLANKLINES", "NULL", "READRATIO", "REMOVEQUOTES"),
    "IGNOREALLERRORS": ("MAXERROR",),
}
NOT_YET = ("SHAPEFILE", "ENCRYPTED", "MASTER_SYMMETRIC_KEY")
NOT_FOR_S3 = {"READRATIO": "DynamoDB", "SSH": "remote hosts"}
FEWEST_SAMPLES, MOST_SAMPLES = 1000, 2**31 - 1


class Format(StrEnum):
    CSV = "csv"
    TEXT = "txt"
    FIXED_WIDTH = "fixedwidth"
    JSON = "json"
    AVRO = "avro"
    PARQUET = "parquet"
    ORC = "orc"

    @property
    def is_columnar(self) -> bool:
        return self in (Format.PARQUET, Format.ORC)

    @property
    def label(self) -> str:
        """Return the name SYS_LOAD_HISTORY gives it."""
        return "txt" if self is Format.FIXED_WIDTH else self.value


class Compression(StrEnum):
    GZIP = "gzip"
    BZIP2 = "bzip2"
    LZOP = "lzop"
    ZSTD = "zstd"


@dataclass(frozen=True, kw_only=True)
class CopyOptions:
    format: Format = Format.TEXT
    delimiter: str = "|"
    quote: str = '"'
    widths: tuple[int, ...] = ()
    """Characters of each field of a fixed-width file."""
    json_paths: str = "auto"
    compression: Compression | None = None
    is_manifest: bool = False
    null_as: str | None = "\\N"
    region: str | None = None
    date_format: str | None = None
    time_format: str | None = None
    replacement: str | None = None
    """The replacement of a byte that is not UTF-8; None makes such a byte an error."""
    accept_any_date: bool = False
    blanks_as_null: bool = False
    empty_as_null: bool = False
    escape: bool = False
    explicit_ids: bool = False
    fill_record: bool = False
    ignore_blank_lines: bool = False
    remove_quotes: bool = False
    round_decimals: bool = False
    trim_blanks: bool = False
    serialize_to_json: bool = False
    truncate_columns: bool = False
    encoding: str = "UTF8"
    is_rehearsal: bool = False
    header_lines: int = 0
    error_limit: int | None = 1
    """The load fails when this many rows are bad; None never fails."""

    @property
    def accepts_any_date_in_date(self) -> bool:
        """Return whether ACCEPTANYDATE works for DATE: not without a DATEFORMAT, as seen on Redshift."""
        return self.accept_any_date and self.date_format is not None


def build(given: Mapping[str, str]) -> CopyOptions:
    """Validate what the statement gives, an option's name to its argument, and fill in the defaults."""
    file_format = _format(given)
    _refuse_conflicts(given, file_format)
    return CopyOptions(
        format=file_format,
        delimiter=given.get("DELIMITER", "," if file_format is Format.CSV else "|"),
        quote=_single("QUOTE", given.get("QUOTE", '"')),
        widths=_widths(given["FIXEDWIDTH"]) if "FIXEDWIDTH" in given else (),
        json_paths=given.get("JSON", given.get("AVRO", "auto")),
        compression=_compression(given),
        is_manifest="MANIFEST" in given,
        null_as=None if file_format in (Format.JSON, Format.AVRO) else given.get("NULL", "\\N"),
        region=given.get("REGION"),
        date_format=given.get("DATEFORMAT"),
        time_format=given.get("TIMEFORMAT"),
        replacement=_single("ACCEPTINVCHARS", given["ACCEPTINVCHARS"]) if "ACCEPTINVCHARS" in given else None,
        accept_any_date="ACCEPTANYDATE" in given,
        blanks_as_null="BLANKSASNULL" in given,
        empty_as_null="EMPTYASNULL" in given,
        escape="ESCAPE" in given,
        explicit_ids="EXPLICIT_IDS" in given,
        fill_record="FILLRECORD" in given,
        ignore_blank_lines="IGNOREBLANKLINES" in given,
        remove_quotes="REMOVEQUOTES" in given,
        round_decimals="ROUNDEC" in given,
        trim_blanks="TRIMBLANKS" in given,
        serialize_to_json="SERIALIZETOJSON" in given,
        truncate_columns="TRUNCATECOLUMNS" in given,
        encoding=_encoding(given, file_format),
        is_rehearsal="NOLOAD" in given,
        header_lines=_number("IGNOREHEADER", given.get("IGNOREHEADER", "0"), 2**31 - 1),
        error_limit=None
        if "IGNOREALLERRORS" in given
        else max(_number("MAXERROR", given.get("MAXERROR", "0"), MOST_ERRORS), 1),
    )


def _format(given: Mapping[str, str]) -> Format:
    named = [name for name in ("CSV", "JSON", "PARQUET", "ORC", "AVRO", "SHAPEFILE", "FIXEDWIDTH") if name in given]
    if len(named) > 1:
        raise Refused(f"COPY takes one data format: {named[0]} and {named[1]} are both given", sqlstate=SYNTAX_ERROR)
    if named in (["PARQUET"], ["ORC"]):
        _refuse_unless_columnar(given, named[0])
    for name, source in NOT_FOR_S3.items():
        if name in given:
            raise Refused(f"COPY option {name} is for {source}, not for Amazon S3", sqlstate=SYNTAX_ERROR)
    for name in NOT_YET:
        if name in given:
            raise Refused(f"COPY {name} is not supported by this stand-in yet")
    return Format(named[0].lower()) if named else Format.TEXT


def _refuse_unless_columnar(given: Mapping[str, str], file_format: str) -> None:
    for name in given:
        is_without_effect = name == "MAXERROR" and given[name] == "0"  # dlt writes it
        if name not in COLUMNAR_OPTIONS and not is_without_effect:
            raise Refused(f"{name} argument is not supported for {file_format} based COPY")


def _refuse_conflicts(given: Mapping[str, str], file_format: Format) -> None:
    for name, others in REFUSED_WITH.items():
        for other in others:
            if name in given and other in given:
                raise Refused(f"COPY options {name} and {other} may not be used together", sqlstate=SYNTAX_ERROR)
    if "QUOTE" in given and file_format is not Format.CSV:
        raise Refused("COPY option QUOTE needs CSV", sqlstate=SYNTAX_ERROR)
    if "COMPROWS" in given and _number("COMPROWS", given["COMPROWS"], MOST_SAMPLES) < FEWEST_SAMPLES:
        raise Refused(f"COPY COMPROWS must be from {FEWEST_SAMPLES} to {MOST_SAMPLES}", sqlstate=SYNTAX_ERROR)
    _check_delimiter(given.get("DELIMITER", ","), given.get("QUOTE", '"') if file_format is Format.CSV else None)
    if given.get("NULL") in ("\n", "\r", "\r\n"):
        raise Refused("COPY null representation cannot use newline or carriage return", sqlstate=SYNTAX_ERROR)
    for name, words in {"JSON": ("auto", "auto ignorecase", "noshred"), "AVRO": ("auto", "auto ignorecase")}.items():
        paths = given.get(name, "auto")
        if paths not in words and not paths.startswith("s3://"):
            raise Refused(f"COPY {name} '{paths}' is neither {', '.join(map(repr, words))} nor an s3:// url")


def _check_delimiter(delimiter: str, quote: str | None) -> None:
    if not delimiter or set(delimiter) & {"\n", "\r"}:
        raise Refused("COPY delimiter must not be empty, newline or carriage return", sqlstate=SYNTAX_ERROR)
    if delimiter == quote:
        raise Refused("COPY delimiter and quote must be different", sqlstate=SYNTAX_ERROR)


def _encoding(given: Mapping[str, str], file_format: Format) -> str:
    name = given.get("ENCODING", "UTF8").upper().replace("-", "")
    if name not in ENCODINGS:
        raise Refused(f"COPY ENCODING {given['ENCODING']} is none of {', '.join(ENCODINGS)}", sqlstate=SYNTAX_ERROR)
    if name != "UTF8" and file_format is Format.FIXED_WIDTH:
        raise Refused("COPY FIXEDWIDTH needs a file in UTF8", sqlstate=SYNTAX_ERROR)
    return name


def _widths(text: str) -> tuple[int, ...]:
    """Read 'label:width,...'; the labels mean nothing."""
    widths = [part.rpartition(":")[2].strip() for part in text.split(",")]
    if not all(width.isdecimal() and int(width) > 0 for width in widths):
        raise Refused(f"Invalid fixedwidth specification '{text}'", sqlstate=SYNTAX_ERROR)
    return tuple(map(int, widths))


def _compression(given: Mapping[str, str]) -> Compression | None:
    named = [compression for compression in Compression if compression.name in given]
    if len(named) > 1:
        both = f"{named[0].name} and {named[1].name}"
        raise Refused(f"COPY takes one compression: {both} are both given", sqlstate=SYNTAX_ERROR)
    return named[0] if named else None


def _single(name: str, value: str) -> str:
    if len(value) != 1 or not value.isascii() or value == "\0":
        raise Refused(f"COPY {name} must be a single ASCII character", sqlstate=SYNTAX_ERROR)
    return value


def _number(name: str, value: str, most: int) -> int:
    if not value.isdecimal() or int(value) > most:
        raise Refused(f"COPY {name} must be a whole number from 0 to {most}, not {value!r}", sqlstate=SYNTAX_ERROR)
    return int(value)
