"""TPC-H's lineitem as files: CSV and Parquet by its generator, the others made from that CSV."""

import gzip
import shutil
import subprocess
import sysconfig
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

BAD_ROWS = 100
BLOCK_BYTES = 8 << 20
TABLE = """
    l_orderkey BIGINT NOT NULL, l_partkey BIGINT NOT NULL, l_suppkey BIGINT NOT NULL, l_linenumber INTEGER NOT NULL,
    l_quantity DECIMAL(15,2) NOT NULL, l_extendedprice DECIMAL(15,2) NOT NULL, l_discount DECIMAL(15,2) NOT NULL,
    l_tax DECIMAL(15,2) NOT NULL, l_returnflag CHAR(1) NOT NULL, l_linestatus CHAR(1) NOT NULL,
    l_shipdate DATE NOT NULL, l_commitdate DATE NOT NULL, l_receiptdate DATE NOT NULL,
    l_shipinstruct VARCHAR(25) NOT NULL, l_shipmode VARCHAR(10) NOT NULL, l_comment VARCHAR(44) NOT NULL"""
_NUMBERS = 8


@dataclass(frozen=True)
class Files:
    rows: int
    csv: Path
    bad: Path
    gzip: Path
    parquet: Path
    json: Path
    json_gzip: Path


def generate(directory: Path, scale: float) -> Files:
    """Write all files; nothing is compared with what another run made."""
    program = Path(sysconfig.get_path("scripts")) / "tpchgen-cli"
    for kind in ("csv", "parquet"):
        command = [str(program), kind, "-s", str(scale), "--tables=lineitem", f"--output-dir={directory}"]
        subprocess.run(command, check=True, capture_output=True)
    made = directory / "lineitem.csv"
    with made.open("rb") as file:
        rows = sum(block.count(b"\n") for block in _blocks(file)) - 1
    files = Files(
        rows,
        made,
        directory / "bad.csv",
        directory / "compressed.csv.gz",  # COPY takes every key that starts with the one it is given
        directory / "lineitem.parquet",
        directory / "lineitem.json",
        directory / "compressed.json.gz",
    )
    _spoil(files)
    _write_json(files)
    for plain, compressed in ((made, files.gzip), (files.json, files.json_gzip)):
        with plain.open("rb") as source, gzip.open(compressed, "wb", compresslevel=1) as target:
            shutil.copyfileobj(source, target, BLOCK_BYTES)
    return files


def _blocks(file: Iterable[bytes]) -> Iterator[bytes]:
    return iter(lambda: file.read(BLOCK_BYTES), b"")  # type: ignore[attr-defined]


def _spoil(files: Files) -> None:
    """Write the CSV with an order key that is not a number in rows spread over the file."""
    every = files.rows // BAD_ROWS
    with files.csv.open("rb") as source, files.bad.open("wb") as target:
        target.write(source.readline())
        for number, line in enumerate(source):
            target.write(b"x" + line if number % every == every // 2 and number // every < BAD_ROWS else line)


def _write_json(files: Files) -> None:
    """Write one object a line; lineitem has no text that JSON would escape."""
    names = pacsv.open_csv(files.csv).schema.names
    types = dict.fromkeys(names, pa.string())
    options = pacsv.ReadOptions(block_size=BLOCK_BYTES)
    with files.json.open("wb") as target:
        for batch in pacsv.open_csv(files.csv, options, convert_options=pacsv.ConvertOptions(column_types=types)):
            parts: list[object] = []
            for number, (name, column) in enumerate(zip(names, batch.columns, strict=True)):
                quote = "" if number < _NUMBERS else '"'
                parts += [("," if number else "{") + f'"{name}":{quote}', column, quote]
            lines = pc.binary_join_element_wise(*parts, "}\n", "")
            target.write("".join(lines.to_pylist()).encode())
