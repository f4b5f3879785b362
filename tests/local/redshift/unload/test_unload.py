"""UNLOAD writes files that COPY reads back."""

import json
from typing import Any

import psycopg2
import pytest

from tests.support.golden import raises_golden

QUERY = "UNLOAD ('SELECT * FROM t ORDER BY a') TO 's3://landing/{}' IAM_ROLE default {}"
ROWS = [(1, 'x,"y"\n', 1.25, True), (2, None, None, None)]


@pytest.fixture
def table(warehouse: Any) -> Any:
    warehouse.run("CREATE TABLE t (a int, b varchar(20), c float, d boolean); CREATE TABLE back (LIKE t)")
    warehouse.run("INSERT INTO t VALUES (1, 'x,\"y\"\n', 1.25, true), (2, NULL, NULL, NULL)")
    return warehouse


@pytest.mark.parametrize(
    ("unload", "copy", "key"),
    [
        ("CSV", "CSV EMPTYASNULL", "0000_part_00"),
        ("CSV HEADER PARALLEL OFF", "CSV EMPTYASNULL IGNOREHEADER 1", "000"),
        ("CSV GZIP", "CSV EMPTYASNULL GZIP", "0000_part_00.gz"),
        ("CSV DELIMITER AS '|' NULL AS '@'", "CSV DELIMITER '|' NULL '@'", "0000_part_00"),
        ("FORMAT AS PARQUET", "FORMAT AS PARQUET", "0000_part_00.parquet"),
        ("ESCAPE", "ESCAPE EMPTYASNULL", "0000_part_00"),
        ("ESCAPE ADDQUOTES NULL AS '@' DELIMITER ','", "ESCAPE REMOVEQUOTES NULL AS '@' DELIMITER ','", "0000_part_00"),
        ("JSON", "JSON 'auto'", "0000_part_00"),
        ("ESCAPE HEADER BZIP2 EXTENSION 'txt.bz2'", "ESCAPE IGNOREHEADER 1 EMPTYASNULL BZIP2", "0000_part_00.txt.bz2"),
        ("CSV ZSTD MAXFILESIZE 5 MB", "CSV EMPTYASNULL ZSTD", "0000_part_00.zst"),
    ],
)
def test_what_is_unloaded_loads_again(table: Any, unload: str, copy: str, key: str) -> None:
    prefix = f"unload/{abs(hash(unload))}/"
    table.run(QUERY.format(prefix, unload))
    table.copy_from("back", f"s3://landing/{prefix}{key}", copy)
    assert table.run("SELECT * FROM back ORDER BY a") == ROWS


def test_manifest_of_an_unload_is_one_for_copy(table: Any) -> None:
    table.run(QUERY.format("unload/listed/", "PARQUET MANIFEST"))
    table.copy_from("back", "s3://landing/unload/listed/manifest", "PARQUET MANIFEST")
    assert table.run("SELECT * FROM back ORDER BY a") == ROWS


def test_filled_place_is_written_over_only_when_allowed(table: Any) -> None:
    table.run(QUERY.format("unload/twice/", "CSV"))
    with raises_golden(psycopg2.InternalError, "stand_in", "UNLOAD to a folder with objects"):
        table.run(QUERY.format("unload/twice/", "CSV"))
    table.run(QUERY.format("unload/twice/", "CSV ALLOWOVERWRITE"))


def objects(table: Any, prefix: str) -> dict[str, bytes]:
    s3 = table.stand_in.s3
    found = s3.list_objects_v2(Bucket="landing", Prefix=prefix).get("Contents", [])
    return {each["Key"]: s3.get_object(Bucket="landing", Key=each["Key"])["Body"].read() for each in found}


def test_text_is_written_unchanged_without_escape(table: Any) -> None:
    table.run("INSERT INTO t VALUES (3, 'a|\\\\b\t', NULL, false)")
    table.run(QUERY.format("unload/raw/", "NULL AS 'none'").replace("FROM t", "FROM t WHERE a = 3"))
    assert objects(table, "unload/raw/") == {"unload/raw/0000_part_00": b"3|a|\\b\t|none|f\n"}


def test_json_contains_numbers_strings_and_super(table: Any) -> None:
    table.run("CREATE TABLE j (n decimal(4,2), s varchar(9), d super)")
    table.run("INSERT INTO j VALUES (1.5, 'é\"', json_parse('[1]')), (NULL, NULL, NULL)")
    table.run("UNLOAD ('SELECT * FROM j ORDER BY n') TO 's3://landing/unload/j/' IAM_ROLE default JSON")
    written = objects(table, "unload/j/")["unload/j/0000_part_00"].decode()
    assert written == '{"n":1.50,"s":"é\\"","d":[1]}\n{"n":null,"s":null,"d":null}\n'


@pytest.mark.parametrize(("include", "line"), [("", b"1\n"), (" INCLUDE", b"1|x y/z|2020-01-01\n")])
def test_partitions_are_folders(table: Any, include: str, line: bytes) -> None:
    table.run("CREATE TABLE p (a int, k varchar(9), d date)")
    table.run("INSERT INTO p VALUES (1, 'x y/z', '2020-01-01'), (2, NULL, '2020-01-02')")
    prefix = f"unload/partition{len(include)}"
    options = f"IAM_ROLE default PARTITION BY (k, d){include}"
    table.run(f"UNLOAD ('SELECT * FROM p') TO 's3://landing/{prefix}' {options}")  # noqa: S608 - the test's own prefix
    written = objects(table, prefix)
    assert written[f"{prefix}/k=x y%2Fz/d=2020-01-01/0000_part_00"] == line
    assert f"{prefix}/k=__HIVE_DEFAULT_PARTITION__/d=2020-01-02/0000_part_00" in written


def test_file_that_is_full_is_followed_by_another(table: Any) -> None:
    table.run("CREATE TABLE w (a int, b varchar(65535)); INSERT INTO w SELECT 1, repeat('x', 60000)")
    for _ in range(10):
        table.run("INSERT INTO w SELECT * FROM w")
    table.run(
        "UNLOAD ('SELECT * FROM w') TO 's3://landing/unload/w/' IAM_ROLE default MANIFEST VERBOSE MAXFILESIZE 5 MB"
    )
    manifest = json.loads(objects(table, "unload/w/manifest")["unload/w/manifest"])
    assert len(manifest["entries"]) > 1
    assert manifest["meta"] == {"content_length": 1024 * 60003, "record_count": 1024}
    assert manifest["schema"]["elements"][1] == {
        "name": "b",
        "type": {"base": "character varying", "max_length": 65535},
    }
    table.run("CREATE TABLE w2 (LIKE w)")
    table.copy_from("w2", "s3://landing/unload/w/manifest", "MANIFEST")
    assert table.run("SELECT count(*) FROM w2") == [(1024,)]


def test_cleanpath_removes_what_was_there(table: Any) -> None:
    table.stand_in.put("unload/clean/old", "x")
    table.run(QUERY.format("unload/clean/", "CSV CLEANPATH"))
    assert list(objects(table, "unload/clean/")) == ["unload/clean/0000_part_00"]


@pytest.mark.parametrize("query", ["SELECT * FROM t LIMIT 1", "SELECT TOP 1 * FROM t", "SELECT a FROM t FOR UPDATE"])
def test_query_that_may_not_be_unloaded_is_refused(table: Any, query: str) -> None:
    with pytest.raises(psycopg2.errors.FeatureNotSupported):
        table.run(f"UNLOAD ('{query}') TO 's3://landing/unload/limit' IAM_ROLE default")


def test_nested_limit_is_unloaded(table: Any) -> None:
    table.run(
        "UNLOAD ('SELECT a FROM (SELECT a FROM t ORDER BY a LIMIT 1) q') TO 's3://landing/unload/l/' IAM_ROLE default"
    )
    assert objects(table, "unload/l/") == {"unload/l/0000_part_00": b"1\n"}


@pytest.mark.parametrize("quote", ["$$", "$query$"])
def test_query_may_be_quoted_with_dollars(table: Any, quote: str) -> None:
    query = "SELECT a FROM t WHERE a = 1 AND 'x' = 'x'"
    table.run(f"UNLOAD ({quote}{query}{quote}) TO 's3://landing/unload/{quote}/' IAM_ROLE default")
    assert objects(table, f"unload/{quote}/") == {f"unload/{quote}/0000_part_00": b"1\n"}


WRONG = [
    "PARQUET HEADER",
    "CSV JSON",
    "",
    "PARQUET GZIP",
    "CSV ADDQUOTES",
    "JSON ESCAPE",
    "GZIP ZSTD",
    "DELIMITER '||'",
]
WRONG += ["CLEANPATH ALLOWOVERWRITE", "MAXFILESIZE 1 MB", "MAXFILESIZE 7 GB", "NONSENSE"]
WRONG += ["KMS_KEY_ID 'k'", "KMS_KEY_ID 'k' ENCRYPTED AUTO"]


@pytest.mark.parametrize("rest", WRONG)
def test_unload_that_is_wrong_is_refused(table: Any, rest: str) -> None:
    statement = QUERY.format("unload/wrong/", rest) if rest else "UNLOAD ('SELECT 1') TO 's3://landing/x'"
    with pytest.raises(psycopg2.errors.SyntaxError):
        table.run(statement)


@pytest.mark.parametrize(
    ("options", "key"), [("ENCRYPTED", None), ("ENCRYPTED AUTO", None), ("KMS_KEY_ID 'k' ENCRYPTED", "k")]
)
def test_unloaded_files_are_encrypted_with_the_key_given(table: Any, options: str, key: str | None) -> None:
    table.run(QUERY.format("unload/secret/", f"{options} MANIFEST ALLOWOVERWRITE"))
    for name in ("0000_part_00", "manifest"):
        head = table.stand_in.s3.head_object(Bucket="landing", Key=f"unload/secret/{name}")
        assert head.get("SSEKMSKeyId") == key


def test_client_side_encryption_is_refused(table: Any) -> None:
    with pytest.raises(psycopg2.errors.FeatureNotSupported, match="client-side"):
        table.run(QUERY.format("unload/secret/", "MASTER_SYMMETRIC_KEY 'x' ENCRYPTED"))


def test_query_that_fails_unloads_nothing(table: Any) -> None:
    for options in ("CSV", "PARQUET"):
        with pytest.raises(psycopg2.errors.UndefinedTable):
            table.run(QUERY.format("unload/failed/", options).replace("FROM t", "FROM nothing"))
    assert table.run("SELECT 1") == [(1,)]


LONG = f"{'l' * 40}_{'n' * 40}"


@pytest.mark.parametrize("form", ["JSON", "CSV HEADER", "PARQUET"])
def test_files_have_the_whole_of_long_names(table: Any, form: str) -> None:
    """In keys and headers, in the place of the file, and where COPY looks for them."""
    folder = f"unload/{LONG}/{form.lower().replace(' ', '_')}/"
    table.run(f"CREATE TABLE {LONG} (a int, {LONG}_1 int, {LONG}_2 varchar(9)); CREATE TABLE again (LIKE {LONG})")
    table.run(f"INSERT INTO {LONG} VALUES (1, 2, 'x')")  # noqa: S608
    table.run(f"UNLOAD ('SELECT * FROM {LONG}') TO 's3://landing/{folder}' IAM_ROLE default {form} ALLOWOVERWRITE")  # noqa: S608
    [body] = objects(table, folder).values()
    assert f"{LONG}_1".encode() in body
    options = {"JSON": "JSON 'auto'", "CSV HEADER": "CSV IGNOREHEADER 1", "PARQUET": "PARQUET"}[form]
    table.copy_from(f"again (a, {LONG}_1, {LONG}_2)", f"s3://landing/{folder}", options)
    assert table.run("SELECT * FROM again") == [(1, 2, "x")]
