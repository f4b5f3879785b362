"""Bad input: Redshift's error, the connection and the server alive, nothing loaded."""

import gzip
import json
import random
import re
from pathlib import Path
from typing import Any

import psycopg2
import pytest

NOISE = random.Random(1).randbytes(300_000)


def refused(warehouse: Any, key: str, content: bytes | str, options: str, value: str) -> None:
    warehouse.run("CREATE TABLE t (a int, b varchar(20))")
    with pytest.raises(psycopg2.Error, match=value):
        warehouse.copy("t", key, content, options)
    assert warehouse.run("SELECT count(*) FROM t") == [(0,)]
    warehouse.copy("t", "hostile/good", "1|x\n")
    assert warehouse.run("SELECT * FROM t") == [(1, "x")]


@pytest.mark.parametrize("options", ["", "CSV", "ESCAPE", "REMOVEQUOTES", "FIXEDWIDTH 'a:3,b:5'", "JSON 'auto'"])
def test_random_bytes_fail_a_text_load(warehouse: Any, options: str) -> None:
    refused(warehouse, "hostile/noise", NOISE, options, "'t'")


@pytest.mark.parametrize("options", ["GZIP", "BZIP2", "ZSTD", "LZOP"])
def test_random_bytes_fail_decompression(warehouse: Any, options: str) -> None:
    refused(warehouse, "hostile/packed", NOISE, options, options)


@pytest.mark.parametrize("options", ["FORMAT PARQUET", "FORMAT ORC", "FORMAT AVRO 'auto'"])
def test_random_bytes_fail_a_binary_format(warehouse: Any, options: str) -> None:
    refused(warehouse, "hostile/binary", NOISE, options, "AVRO" if "AVRO" in options else "Spectrum")


def test_truncated_gzip_loads_nothing(warehouse: Any) -> None:
    content = gzip.compress(b"".join(b"%d|%d\n" % (number, random.getrandbits(30)) for number in range(100_000)))
    refused(warehouse, "hostile/cut.gz", content[: len(content) // 2], "GZIP", "GZIP")


@pytest.mark.parametrize("options", ["", "CSV DELIMITER '|'", "ESCAPE TRUNCATECOLUMNS"])
def test_line_of_64_megabytes_is_one_bad_row(warehouse: Any, options: str) -> None:
    warehouse.run("CREATE TABLE t (a int, b varchar(20))")
    content = b"1|x\n2|" + b"y" * (64 << 20) + b"\n3|z\n"
    warehouse.copy("t", "hostile/long", content, f"{options} MAXERROR 2")
    assert [(line, code) for line, _, code, _ in warehouse.errors()] == [(2, 1216)]
    assert warehouse.run("SELECT a FROM t ORDER BY a") == [(1,), (3,)]


@pytest.mark.parametrize("options", ["", "CSV DELIMITER '|'", "ESCAPE", "REMOVEQUOTES ESCAPE", "DELIMITER '||'"])
def test_long_line_takes_memory_by_its_length(warehouse: Any, options: str) -> None:
    warehouse.run("CREATE TABLE t (a int, b varchar(20))")
    delimiter = b"||" if "||" in options else b"|"
    content = b"2" + delimiter + b"y" * (16 << 20) + b"\n3" + delimiter + b"z\n"
    warehouse.copy("t", "hostile/wide", content, f"{options} MAXERROR 2")
    assert [(line, code) for line, _, code, _ in warehouse.errors()] == [(1, 1204)]
    peak = Path(f"/proc/{warehouse.stand_in.process.pid}/status").read_text()
    assert int(re.findall(r"VmHWM:\s*(\d+) kB", peak)[0]) < 1 << 20


@pytest.mark.parametrize(
    "manifest",
    [
        b"",
        b"{",
        b"[]",
        NOISE[:1000],
        b'{"entries": []}',
        b'{"entries": [{"url": "http://x/y"}]}',
        b'{"entries": [{"url": 5}]}',
        b"[" * 100_000,
        json.dumps({"entries": [{"url": "s3://no-such-bucket/x", "mandatory": True}]}).encode(),
    ],
    ids=range(9),
)
def test_wrong_manifest_fails_the_load(warehouse: Any, manifest: bytes) -> None:
    refused(warehouse, "hostile/manifest", manifest, "MANIFEST", "(?i)manifest|http://x/y")


@pytest.mark.parametrize("name", ['t"; DROP TABLE keep; --', "t'; --", "a.b", "sélect", "t $1 %s {x}", "\\\\N"])
def test_hostile_table_names_are_names(warehouse: Any, name: str) -> None:
    quoted = '"' + name.replace('"', '""') + '"'
    warehouse.run(f"CREATE TABLE keep (a int); CREATE TABLE {quoted} (a int)")
    warehouse.copy(quoted, "hostile/good", "1\n")
    assert warehouse.run(f"SELECT a FROM {quoted}") == [(1,)]  # noqa: S608 - a name is what is tried
    with pytest.raises(psycopg2.InternalError, match=f"(?i){re.escape(name)}"):
        warehouse.copy(quoted, "hostile/bad", "x\n")
    assert warehouse.run("SELECT count(*) FROM keep") == [(0,)]


@pytest.mark.parametrize("key", ["it's", 'say "hi"', "semi;colon", "a b", "ünï", "100%", "../../etc/passwd", "$(id)"])
def test_hostile_keys_are_keys(warehouse: Any, key: str) -> None:
    warehouse.run("CREATE TABLE t (a int)")
    url = warehouse.stand_in.put(f"hostile/keys/{key}", "1\n")
    doubled = url.replace("'", "''")
    warehouse.copy_from("t", doubled)
    assert warehouse.run("SELECT a FROM t") == [(1,)]
    found = "SELECT trim(file_name) FROM sys_load_detail WHERE query_id = pg_last_copy_id()"
    assert warehouse.run(found) == [(url,)]
