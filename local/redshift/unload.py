"""UNLOAD: a query's rows go to S3 as delimited text, CSV or Parquet; the engine writes the text, Arrow the Parquet."""

import gzip
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import IO

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from local.redshift import authorization, grammar, refusals, rewrite, wire
from local.redshift.backend import Backend
from local.redshift.errors import SYNTAX_ERROR, Refused, detailed
from local.redshift.grammar import Argument, Reader
from local.redshift.s3 import Location, ObjectStore
from local.redshift.threads import in_thread
from local.redshift.tokens import Token, literal, tokenize

_TYPES = {21: pa.int16(), 23: pa.int32(), 20: pa.int64(), 700: pa.float32(), 701: pa.float64(), 16: pa.bool_()}
_TYPES |= {1082: pa.date32(), 1114: pa.timestamp("us")}
_NUMERIC, _HEADER_BYTES, _MOST_DIGITS, _UNLIMITED_SCALE = 1700, 4, 38, 18
_ARGUMENTS: dict[str, Argument] = {
    **dict.fromkeys(("CSV", "PARQUET", "HEADER", "MANIFEST", "GZIP", "ALLOWOVERWRITE"), grammar.flag),
    **dict.fromkeys(("DELIMITER", "NULL"), grammar.characters),
    "PARALLEL": grammar.switch(),
    "REGION": Reader.string,
}


@dataclass(frozen=True)
class UnloadCommand:
    query: str
    target: str
    options: Mapping[str, str]

    @property
    def is_parquet(self) -> bool:
        return "PARQUET" in self.options


def parse(tokens: Sequence[Token]) -> UnloadCommand:
    reader = Reader(tokens)
    reader.expect("UNLOAD", "(")
    query = reader.string()
    reader.expect(")", "TO")
    target = reader.string()
    options = authorization.options(reader, _ARGUMENTS, "UNLOAD")
    if "PARQUET" in options and {"DELIMITER", "HEADER", "GZIP", "CSV"} & set(options):
        raise Refused("UNLOAD FORMAT PARQUET takes no DELIMITER, HEADER, GZIP or CSV", sqlstate=SYNTAX_ERROR)
    refusals.check(tokenize(query))
    return UnloadCommand(rewrite.rewritten(query, tokenize(query)), target, options)


async def run(command: UnloadCommand, backend: Backend, store: ObjectStore) -> list[bytes]:
    """Write the files and return the notice and the tag; raises StandInError or PostgresError."""
    target = Location.from_url(command.target)
    present = await in_thread(partial(store.list_all, target))
    if present and "ALLOWOVERWRITE" not in command.options:
        raise detailed(
            "Specified unload destination on S3 is not empty. Consider using a different bucket / prefix,"
            " manually removing the target files in S3, or using the ALLOWOVERWRITE option.",
            code=8001,
        )
    with tempfile.TemporaryFile(prefix="lakeport-") as file:
        fields = await backend.describe(command.query) if command.is_parquet else []
        rows = await backend.copy_out(_copy(command), file)
        file.seek(0)
        await in_thread(partial(_upload, command, store, target, file, fields))
    message = f"UNLOAD completed, {rows} record(s) unloaded successfully."
    notice = wire.report(b"N", {"S": "INFO", "V": "INFO", "C": "00000", "M": message})
    return [notice, wire.command_complete("UNLOAD")]


def _copy(command: UnloadCommand) -> str:
    options = command.options
    if command.is_parquet:
        return f"COPY ({command.query}) TO STDOUT (FORMAT csv)"
    is_csv = "CSV" in options
    parts = ["FORMAT csv" if is_csv else "FORMAT text", f"DELIMITER {literal(_delimiter(options))}"]
    parts += [f"NULL {literal(options.get('NULL', ''))}"] + ["HEADER"] * ("HEADER" in options)
    return f"COPY ({command.query}) TO STDOUT ({', '.join(parts)})"


def _delimiter(options: Mapping[str, str]) -> str:
    return options.get("DELIMITER", "," if "CSV" in options else "|")


def _upload(
    command: UnloadCommand, store: ObjectStore, target: Location, file: IO[bytes], fields: Sequence[wire.Field]
) -> None:
    is_serial = command.options.get("PARALLEL") in ("OFF", "FALSE")
    suffix = "000" if is_serial else "0000_part_00"
    with tempfile.TemporaryFile(prefix="lakeport-") as packed:
        if command.is_parquet:
            suffix += ".parquet"
            _write_parquet(file, packed, fields)
        elif "GZIP" in command.options:
            suffix += ".gz"
            with gzip.GzipFile(fileobj=packed, mode="wb") as zipped:
                zipped.write(file.read())
        body = packed if packed.tell() else file
        size = body.seek(0, 2)
        body.seek(0)
        written = Location(target.bucket, target.key + suffix)
        store.put(written, body)
    if "MANIFEST" in command.options:
        entries = {"entries": [{"url": written.url, "meta": {"content_length": size}}]}
        store.put(Location(target.bucket, target.key + "manifest"), json.dumps(entries, indent=2).encode())


def _write_parquet(source: IO[bytes], packed: IO[bytes], fields: Sequence[wire.Field]) -> None:
    schema = pa.schema([(each.name, _arrow_type(each)) for each in fields])
    if not source.seek(0, 2):
        pq.write_table(schema.empty_table(), packed)
        return
    source.seek(0)
    options = pacsv.ConvertOptions(
        column_types=schema,
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
        null_values=[""],
        true_values=["t"],
        false_values=["f"],
    )
    names = pacsv.ReadOptions(column_names=schema.names)
    parse_options = pacsv.ParseOptions(newlines_in_values=True, ignore_empty_lines=len(fields) > 1)
    with pq.ParquetWriter(packed, schema) as writer:
        for batch in pacsv.open_csv(source, names, parse_options, options):
            writer.write_batch(batch)


def _arrow_type(field: wire.Field) -> pa.DataType:
    if field.type_id != _NUMERIC:
        return _TYPES.get(field.type_id, pa.string())
    modifier = field.modifier - _HEADER_BYTES
    return pa.decimal128(
        *((modifier >> 16 & 0xFFFF, modifier & 0xFFFF) if modifier >= 0 else (_MOST_DIGITS, _UNLIMITED_SCALE))
    )
