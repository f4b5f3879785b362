"""Rules of AWS's pages on COPY that `copy_cases.yaml` has no case for."""

import gzip
import io
from typing import Any

import fastavro
import psycopg2
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.support.golden import raises_golden

ARN = "arn:aws:iam::0123456789012:role/reader"
AUTO = "TIMEFORMAT 'auto' DATEFORMAT 'auto'"


def copied(warehouse: Any, columns: str, content: bytes | str, options: str, select: str = "*") -> Any:
    warehouse.run(f"CREATE TABLE t ({columns})")
    warehouse.copy("t", f"documented/{abs(hash((columns, options)))}", content, options)
    return warehouse.run(f"SELECT {select} FROM t")  # noqa: S608 - the test's own columns


@pytest.mark.parametrize(
    ("columns", "content", "options", "rows"),
    [
        ("a timestamp, b date", "Jan-08-95 BC|Jan-08-95 BC\n", AUTO, [("0095-01-08 00:00:00 BC", "0095-01-08 BC")]),
        ("a timestamp", "17.12.1997 07:37:16.00 PST\n", AUTO, [("1997-12-17 07:37:16",)]),
        ("a timestamptz", "2003-03-31 01:02:03-8:00\n", "", [("2003-03-31 09:02:03+00",)]),
        ("a decimal(19,2)", "92233720368547758.07\n", "", [("92233720368547758.07",)]),
        ("a varchar(9), b int", "\ufeffé|1\n".encode("utf-16-le"), "ENCODING UTF16LE", [("é", "1")]),
        ("a int", '{"a":1},{"a":2} x {"a":3}\n', "JSON MAXERROR 3", [("1",), ("2",), ("3",)]),
        ("a int", '[{"a":1}]\n{"a":\n3}\n{"a":4}', "JSON IGNOREHEADER 2 MAXERROR 9", [("4",)]),
        ("a varchar(9)", b'{"a":"x\xff"}\n', "JSON ACCEPTINVCHARS AS '^'", [("x^",)]),
        ("a varbyte(3)", "616263\n", "CSV", [("abc",)]),
        ("a timestamp", "J2345678 04:05:06.789\n", AUTO, [("1710-02-23 04:05:06",)]),
        ("a timestamp", "2003-03-31 01:02:03-08\n2003-03-31 01:02:03\n", "", [("2003-03-31 01:02:03",)] * 2),
        ("a varchar(9), b int", "'ab' 1 \n", "FIXEDWIDTH 'a:5,b:2' REMOVEQUOTES", [("ab", "1")]),
        ("a varchar(9), b int", "ab'  2\n", "FIXEDWIDTH 'a:5,b:2' REMOVEQUOTES", [("ab'  ", "2")]),
    ],
)
def test_value_is_stored(warehouse: Any, columns: str, content: Any, options: str, rows: Any) -> None:
    names = ", ".join(f"{each.split()[0]}::text" for each in columns.replace("(19,2)", "").split(", "))
    assert copied(warehouse, columns, content, options, names) == rows


@pytest.mark.parametrize(
    ("columns", "content", "options", "code"),
    [
        ("a date", "this is not a date\n", "ACCEPTANYDATE", 1205),
        ("a timestamp", "12/31/2003 23:59\n", "TIMEFORMAT 'MM/DD/YYYY HH12:MI'", 1206),
        ("a timestamp", "2003-01-01 00:00:00OF\n", "TIMEFORMAT 'YYYY-MM-DD HH:MI:SSOF'", 1206),
        ("a decimal(19,2)", "92233720368547758.08\n", "", 1204),
        ("a decimal(19,2)", "92233720368547758.08\n" * 100, "CSV", 1204),
        ("a real", "1e39\n", "", 1204),
        ("a real", "9" * 40 + "\n", "CSV", 1204),
        ("a float8", "1e-400\n", "", 1204),
        ("a varbyte(3)", "61626364\n", "", 1204),
        ("a timestamp", "2003-03-31 01:02:03Z\n", "", 1206),
        ("a varchar(9)", "'ab  \n", "FIXEDWIDTH 'a:5' REMOVEQUOTES", 1214),
        ("a varchar(9)", b"x\xc3\n", "", 1220),
        ("a varchar(9)", b'{"a":"\xff"}\n', "JSON", 1220),
        ("a varchar(9)", '{"a":"' + "x" * (4 << 20) + '"}', "JSON TRUNCATECOLUMNS", 1216),
        ("a int, b int NOT NULL", "1\n", "", 1214),
    ],
)
def test_value_is_a_load_error(warehouse: Any, columns: str, content: Any, options: str, code: int) -> None:
    with raises_golden(psycopg2.InternalError, "stand_in", "load failed", "'t'"):
        copied(warehouse, columns, content, options)
    assert [found for _, _, found, _ in warehouse.errors()] == [code]


def test_missing_required_column_fails_the_load_for_any_maxerror(warehouse: Any) -> None:
    warehouse.run("CREATE TABLE t (a int, b int NOT NULL, c int NOT NULL DEFAULT 5, d int IDENTITY(1,1))")
    with raises_golden(psycopg2.InternalError, "stand_in", "load failed", "'t'"):
        warehouse.copy("t(a)", "documented/unfilled", "1\n2\n", "MAXERROR 9")
    assert warehouse.errors() == [(1, "b", 1213, "Missing data for not-null field")]


@pytest.mark.parametrize(
    ("columns", "options"),
    [
        ("a varbyte", "FIXEDWIDTH 'a:6'"),
        ("a varbyte", "REMOVEQUOTES"),
        ("a int", "COMPROWS 999"),
        ("a int", "STATUPDATE PRESET"),
        ("a int", "READRATIO 50"),
        ("a int", "SSH"),
        ("a int", "AVRO 'auto'"),
        ("a int", "REGION 'eu-west-1'"),
        ("a int", "CSV, GZIP"),
        ("a int", "CSV QUOTE ','"),
        ("a int", "CSV DELIMITER '\"'"),
        ("a int", "DELIMITER '\\n'"),
        ("a int", "USING TEMPLATE t"),
        ("a int", "JOB CREATE j AUTO ON"),
    ],
)
def test_command_is_refused(warehouse: Any, columns: str, options: str) -> None:
    refusals = (psycopg2.InternalError, psycopg2.errors.SyntaxError, psycopg2.errors.FeatureNotSupported)
    with pytest.raises(refusals) as caught:
        copied(warehouse, columns, "1\n", options)
    assert "failed.  Check" not in str(caught.value)


@pytest.mark.parametrize(
    ("authorization", "is_taken"),
    [
        (f"IAM_ROLE '{ARN}'", True),
        (f"IAM_ROLE '{ARN},{ARN}'", True),
        (f"IAM_ROLE '{ARN}, {ARN}'", False),
        ("IAM_ROLE 'SESSION'", True),
        ("IAM_ROLE 'default'", False),
        (f"WITH CREDENTIALS AS 'aws_iam_role={ARN}'", True),
        ("CREDENTIALS 'aws_access_key_id=a;aws_secret_access_key=b;token=c'", True),
        ("CREDENTIALS 'aws_access_key_id=a; aws_secret_access_key=b'", False),
        ("CREDENTIALS 'password=x'", False),
        ("ACCESS_KEY_ID 'a' SECRET_ACCESS_KEY 'b' SESSION_TOKEN 'c'", True),
        ("ACCESS_KEY_ID 'a'", False),
        (f"IAM_ROLE default CREDENTIALS 'aws_iam_role={ARN}'", False),
        ("", False),
    ],
)
def test_authorization(warehouse: Any, authorization: str, is_taken: bool) -> None:
    warehouse.run("CREATE TABLE t (a int)")
    statement = f"COPY t FROM '{warehouse.stand_in.put('documented/role', '1')}' {authorization}"
    if is_taken:
        warehouse.run(statement)
    else:
        with pytest.raises((psycopg2.InternalError, psycopg2.errors.SyntaxError)):
            warehouse.run(statement)
    assert warehouse.run("SELECT count(*) FROM t") == [(int(is_taken),)]


def test_parquet_whose_name_ends_in_gz_is_unpacked(warehouse: Any) -> None:
    file = io.BytesIO()
    pq.write_table(pa.table({"a": pa.array([7], pa.int32())}), file)
    warehouse.run("CREATE TABLE t (a int)")
    warehouse.copy("t", "documented/packed.parquet.gz", gzip.compress(file.getvalue()), "FORMAT PARQUET")
    assert warehouse.run("SELECT a FROM t") == [(7,)]


@pytest.mark.parametrize("type_", [pa.binary(), pa.binary(3), pa.large_binary()])
def test_bytes_of_parquet_are_loaded_into_varbyte_up_to_its_length(warehouse: Any, type_: pa.DataType) -> None:
    file = io.BytesIO()
    pq.write_table(pa.table({"a": pa.array([b"a\xff\0", None], type_)}), file)
    assert copied(warehouse, "a varbyte(3)", file.getvalue(), "FORMAT PARQUET") == [("61ff00",), (None,)]
    warehouse.run("DROP TABLE t")
    with raises_golden(psycopg2.InternalError, "stand_in", "Parquet or ORC cannot be loaded") as caught:
        copied(warehouse, "a varbyte(2)", file.getvalue(), "FORMAT PARQUET")
    assert "Table: 2, Data: 3" in str(caught.value.diag.message_detail)


def test_avro_block_beyond_4_mb_fails_the_command(warehouse: Any) -> None:
    file = io.BytesIO()
    schema = {"type": "record", "name": "r", "fields": [{"name": "a", "type": "string"}]}
    fastavro.writer(file, schema, [{"a": "x" * (5 << 20)}])
    with raises_golden(psycopg2.InternalError, "stand_in", "Avro block too large", "4194304 bytes"):
        copied(warehouse, "a varchar(5)", file.getvalue(), "FORMAT AVRO TRUNCATECOLUMNS")


def test_limits_of_types_apply_to_insert(warehouse: Any) -> None:
    warehouse.run("CREATE TABLE t (a decimal(19,2), b varbyte(2))")
    warehouse.run("INSERT INTO t VALUES (92233720368547758.07, NULL)")
    with raises_golden(psycopg2.errors.NumericValueOutOfRange, "stand_in", "numeric overflow"):
        warehouse.run("INSERT INTO t VALUES (92233720368547758.08, NULL)")
    with raises_golden(psycopg2.errors.StringDataRightTruncation, "stand_in", "value too long for varbyte"):
        warehouse.run("INSERT INTO t VALUES (1, 'abc')")


def test_details_are_kept_of_20_errors_a_load(warehouse: Any) -> None:
    warehouse.run("CREATE TABLE t (a int, b int)")
    warehouse.copy("t", "documented/many", "1|x\n" * 30, "MAXERROR 50")
    assert warehouse.run("SELECT count(*) FROM stl_load_errors WHERE query = pg_last_copy_id()") == [(30,)]
    assert warehouse.run(
        "SELECT count(DISTINCT line_number), count(*) FROM stl_loaderror_detail WHERE query = pg_last_copy_id()"
    ) == [(20, 40)]


def test_details_show_which_fields_were_read_as_null(warehouse: Any) -> None:
    warehouse.run("CREATE TABLE t (a int, b varchar(5), c int, d int)")
    warehouse.copy("t", "documented/nulls", " ||\\N|x\n", "MAXERROR 2")
    found = (
        "SELECT field, trim(value), is_null FROM stl_loaderror_detail WHERE query = pg_last_copy_id() ORDER BY field"
    )
    assert warehouse.run(found) == [(0, "", 1), (1, "", 0), (2, "", 1), (3, "", 1)]


def test_errors_of_a_whole_record_have_no_position(warehouse: Any) -> None:
    warehouse.run("CREATE TABLE t (a int, b varchar(5))")
    warehouse.copy("t", "documented/rows", "1|a|b\n12\n1|a\0b\n", "MAXERROR 9")
    assert warehouse.run(
        "SELECT line_number, err_code, position, trim(colname) FROM stl_load_errors"
        " WHERE query = pg_last_copy_id() AND line_number < 3 ORDER BY line_number"
    ) == [(1, 1202, 0, ""), (2, 1214, 0, "a")]
    assert warehouse.errors()[-1][:3] == (3, "", 1216)
