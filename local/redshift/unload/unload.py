"""Run one UNLOAD: the engine writes CSV, Arrow reads it batch by batch, and each full file goes to S3.

No step holds more than a batch in memory: rows wait in temporary files, which vanish with the process.
"""

import bz2
import gzip
import io
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import IO, cast
from urllib.parse import quote

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import zstandard

from local.redshift.copy.s3 import Location, ObjectStore
from local.redshift.copy.threads import in_thread
from local.redshift.protocol import names, questions, wire
from local.redshift.protocol.backend import Backend
from local.redshift.protocol.copying import copy_out
from local.redshift.protocol.errors import Refused, detailed
from local.redshift.unload import formats
from local.redshift.unload.formats import Writer
from local.redshift.unload.statement import UnloadCommand

_NULL_FOLDER = "__HIVE_DEFAULT_PARTITION__"
_BATCH_BYTES = 32 << 20  # more than the longest row has
_EXTENSIONS = {"GZIP": ".gz", "BZIP2": ".bz2", "ZSTD": ".zst"}
_PACKERS: dict[str, Callable[[IO[bytes]], IO[bytes]]] = {
    "GZIP": lambda file: cast("IO[bytes]", gzip.GzipFile(fileobj=file, mode="wb")),
    "BZIP2": lambda file: cast("IO[bytes]", bz2.BZ2File(file, "wb")),
    "ZSTD": lambda file: cast("IO[bytes]", zstandard.ZstdCompressor().stream_writer(file, closefd=False)),
}


_USUAL_DIGITS = "SELECT set_config('extra_float_digits', current_setting('lakeport.float_digits'), false)"
_ALL_DIGITS = (
    "SELECT set_config('lakeport.float_digits', current_setting('extra_float_digits'), false),"
    " set_config('extra_float_digits', '3', false)"
)
"""Text shows floating-point numbers with 15 digits, Parquet holds them whole."""


async def run(command: UnloadCommand, backend: Backend, store: ObjectStore) -> list[bytes]:
    """Write the files and return the notice and the tag; raises StandInError or PostgresError."""
    fields = [replace(each, name=names.long(each.name)) for each in await questions.describe(backend, command.query)]
    unload = _Unload(command, store, fields)
    await in_thread(unload.prepare)
    if command.format == "PARQUET":
        await backend.query(_ALL_DIGITS)
    with tempfile.TemporaryFile(prefix="lakeport-") as rows:
        count = await copy_out(backend, f"COPY ({command.query}) TO STDOUT (FORMAT csv)", rows)
        rows.seek(0)
        await in_thread(partial(unload.write, rows))
    if command.format == "PARQUET":
        await backend.query(_USUAL_DIGITS)
    await backend.query(f"SELECT set_config('lakeport.unload_count', '{count}', false)")
    message = f"UNLOAD completed, {count} record(s) unloaded successfully."
    notice = wire.report(b"N", {"S": "INFO", "V": "INFO", "C": "00000", "M": message})
    return [notice, wire.command_complete("UNLOAD")]


@dataclass
class _File:
    """One object that is being written."""

    location: Location
    packed: IO[bytes]
    body: IO[bytes]
    writer: Writer
    rows: int = 0


@dataclass
class _Unload:
    command: UnloadCommand
    store: ObjectStore
    fields: Sequence[wire.Field]
    written: list[dict[str, object]] = field(default_factory=list)
    _open: dict[str, _File] = field(default_factory=dict)
    _numbers: dict[str, int] = field(default_factory=dict)

    @property
    def _key(self) -> str | None:
        return self.command.options.get("KMS_KEY_ID")

    def __post_init__(self) -> None:
        present = [each.name for each in self.fields]
        for name in self.command.partition:
            if name not in present:
                raise Refused(f'column "{name}" of PARTITION BY is not in the query', sqlstate="42703")
        if self.command.format == "JSON" and len(set(present)) < len(present):
            raise Refused("UNLOAD JSON needs a different name for each column")
        self.target = Location.from_url(self.command.target)

    def prepare(self) -> None:
        """See that the place is empty, or make it so."""
        present = self.store.list_all(self.target)
        if "CLEANPATH" in self.command.options:
            for each in present:
                self.store.delete(each.location)
        elif present and "ALLOWOVERWRITE" not in self.command.options:
            raise detailed(
                "Specified unload destination on S3 is not empty. Consider using a different bucket / prefix,"
                " manually removing the target files in S3, or using the ALLOWOVERWRITE option.",
                code=8001,
            )

    def write(self, rows: IO[bytes]) -> None:
        """Write all files and the manifest."""
        for batch in self._batches(rows):
            for folder, part in self._folders(batch):
                self._add(folder, part)
        if not self._open and not self.written and self.command.format != "JSON" and not self.command.partition:
            self._begin("")
        for each in list(self._open):
            self._finish(each)
        if "MANIFEST" in self.command.options:
            body = json.dumps(self._manifest(), indent=2).encode()
            self.store.upload(Location(self.target.bucket, self.target.key + "manifest"), io.BytesIO(body), self._key)

    def _batches(self, rows: IO[bytes]) -> Iterator[pa.RecordBatch]:
        if not rows.seek(0, 2):
            return
        rows.seek(0)
        names = [str(number) for number in range(len(self.fields))]
        convert = pacsv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()),
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            null_values=[""],
        )
        read = pacsv.ReadOptions(column_names=names, block_size=_BATCH_BYTES)
        parse = pacsv.ParseOptions(newlines_in_values=True, ignore_empty_lines=len(names) > 1)
        yield from pacsv.open_csv(rows, read, parse, convert)

    def _folders(self, batch: pa.RecordBatch) -> Iterator[tuple[str, pa.RecordBatch]]:
        """Split a batch by the folder each row belongs into."""
        if not self.command.partition:
            yield "", batch
            return
        present = [each.name for each in self.fields]
        parts = []
        for name in self.command.partition:
            values = batch.column(present.index(name)).to_pylist()
            parts.append([f"{name}={_NULL_FOLDER if value is None else quote(value, safe=' :')}" for value in values])
        folders = pa.array(["/".join(row) + "/" for row in zip(*parts, strict=True)])
        for folder in folders.unique().to_pylist():
            yield folder, batch.filter(pc.equal(folders, folder))

    def _add(self, folder: str, batch: pa.RecordBatch) -> None:
        file = self._open.get(folder) or self._begin(folder)
        columns = [formats.plain(batch.column(at), each) for at, each in enumerate(self.fields)]
        file.writer.write([column for column, each in zip(columns, self.fields, strict=True) if self._is_kept(each)])
        file.rows += batch.num_rows
        if file.packed.tell() >= self.command.largest_file_bytes:
            self._finish(folder)

    def _is_kept(self, column: wire.Field) -> bool:
        return self.command.keeps_partition or column.name not in self.command.partition

    def _begin(self, folder: str) -> _File:
        number = self._numbers.get(folder, 0)
        self._numbers[folder] = number + 1
        packed = cast("IO[bytes]", tempfile.TemporaryFile(prefix="lakeport-"))  # noqa: SIM115 - closed when it is sent
        compression = next((name for name in _PACKERS if name in self.command.options), None)
        body = _PACKERS[compression](packed) if compression else packed
        prefix = self.target.key + ("/" if folder and not self.target.key.endswith("/") else "") + folder
        location = Location(self.target.bucket, prefix + self._name(number, compression))
        writer = formats.writer(self.command, [each for each in self.fields if self._is_kept(each)], body)
        self._open[folder] = _File(location, packed, body, writer)
        return self._open[folder]

    def _name(self, number: int, compression: str | None) -> str:
        """There is one slice, whose files are numbered."""
        is_serial = self.command.options.get("PARALLEL") in ("OFF", "FALSE")
        name = f"{number:03}" if is_serial else f"0000_part_{number:02}"
        default = ".parquet" if self.command.format == "PARQUET" else _EXTENSIONS.get(compression or "", "")
        extension = self.command.options.get("EXTENSION")
        return name + (default if extension is None else f".{extension.removeprefix('.')}")

    def _finish(self, folder: str) -> None:
        file = self._open.pop(folder)
        file.writer.close()
        if file.body is not file.packed:
            file.body.close()
        size = file.packed.seek(0, 2)
        file.packed.seek(0)
        self.store.upload(file.location, file.packed, self._key)
        meta = {"content_length": size, "record_count": file.rows + ("HEADER" in self.command.options)}
        self.written.append({"url": file.location.url, "meta": meta})

    def _manifest(self) -> dict[str, object]:
        if self.command.options["MANIFEST"] != "VERBOSE":
            return {"entries": self.written}
        metas = [cast("Mapping[str, int]", each["meta"]) for each in self.written]
        return {
            "entries": self.written,
            "schema": {"elements": [formats.described(each) for each in self.fields]},
            "meta": {name: sum(each[name] for each in metas) for name in ("content_length", "record_count")},
            "author": {"name": "Amazon Redshift", "version": "1.0.0"},
        }
