"""Reading statements: tokens, what is reworded, and COPY's options."""

import re

import pytest

from local.redshift.copy.options import Compression, CopyOptions, Format
from local.redshift.dialect.tokens import Edit, apply, split, tokenize
from local.redshift.protocol.errors import Refused
from local.redshift.server import statements
from local.redshift.server.kinds import Accepted, Alone, Copy, Failed, Forward, Instead, Truncate


def reworded(sql: str) -> str:
    found = statements.read_one(sql)
    assert isinstance(found, Forward), found
    return " ".join(found.sql.split())


def options_of(options: str) -> CopyOptions:
    found = statements.read_one(f"COPY t FROM 's3://b/k' IAM_ROLE default {options}")
    if isinstance(found, Failed):
        raise found.error
    assert isinstance(found, Copy)
    return found.command.options


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("select 1; select 2;", ["select 1", " select 2"]),
        ("select ';'; -- ; \n", ["select ';'"]),
        ("select $$;$$, \";\", E'\\';'", ["select $$;$$, \";\", E'\\';'"]),
        ("select $x$ $$;$$ $x$; select 2", ["select $x$ $$;$$ $x$", " select 2"]),
        ("select '\\'; select 2", ["select '\\'", " select 2"]),
        ("/* ; */ ;;", []),
    ],
)
def test_statements_are_cut_at_semicolons_only(sql: str, expected: list[str]) -> None:
    assert split(sql) == expected


@pytest.mark.parametrize("sql", ["select 'open", 'select "open', "select /* open", "select $$open", "\\ \x00 €"])
def test_broken_text_still_has_tokens(sql: str) -> None:
    assert tokenize(sql)


def test_insertions_go_before_replacements_at_the_same_place() -> None:
    assert apply("abc", [Edit(1, 2, "X"), Edit(1, 1, "-"), Edit(1, 3, "no"), Edit(0, 1, "A")]) == "A-no"


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ('SELECT "Mixed" FROM T', 'SELECT "mixed" FROM T'),
        ("SELECT SYSDATE, t.sysdate", "SELECT pg_catalog.sysdate(), t.sysdate"),
        ("SELECT nvl(a, 'NVL(')", "SELECT COALESCE(a, 'NVL(')"),
        ("SELECT dateadd(day, 1, x)", "SELECT pg_internal.date_add(E'day', 1, x)"),
        ("SELECT * FROM #stage", 'SELECT * FROM "#stage"'),
        ("BEGIN ISOLATION LEVEL REPEATABLE READ", "BEGIN"),
        ("CREATE TABLE t (a int ENCODE raw DISTKEY, PRIMARY KEY (a))", "CREATE TABLE t (a int , NOT NULL a)"),
        ("CREATE TABLE t (a int, UNIQUE (a))", "CREATE TABLE t (a int)"),
        ("CREATE TABLE t (a int REFERENCES s.u (x) NOT NULL)", "CREATE TABLE t (a int NOT NULL)"),
        ("CREATE TABLE t (a decimal, b decimal(4,1))", "CREATE TABLE t (a decimal(18,0), b decimal(4,1))"),
        (
            "CREATE TABLE t (a varchar(max), b varbyte(9))",
            'CREATE TABLE t (a varchar(65535), b varbyte(9) CHECK (octet_length("b") <= 9))',
        ),
        (
            "CREATE TABLE t (b binary varying(9) NOT NULL)",
            'CREATE TABLE t (b varbyte(9) CHECK (octet_length("b") <= 9) NOT NULL)',
        ),
        ("CREATE TABLE t (c varbinary)", 'CREATE TABLE t (c varbyte(64000) CHECK (octet_length("c") <= 64000))'),
        ("CREATE TABLE t (a int) DISTSTYLE ALL SORTKEY AUTO", "CREATE TABLE t (a int)"),
        ('CREATE TABLE t ("encode" int, a int)', 'CREATE TABLE t ("encode" int, a int)'),
        ("ALTER TABLE t ADD COLUMN a text ENCODE zstd", "ALTER TABLE t ADD COLUMN a varchar(256)"),
        ("SELECT 1", "SELECT 1"),
    ],
)
def test_dialect_is_reworded(sql: str, expected: str) -> None:
    assert re.sub(r" /\*redshift:.*\*/", "", reworded(sql)) == expected


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("TRUNCATE TABLE t", Truncate),
        ("VACUUM", Alone),
        ("ALTER TABLE t APPEND FROM s", Alone),
        ("ANALYZE COMPRESSION t", Accepted),
        ("ALTER TABLE t ALTER SORTKEY (a)", Instead),
        ("ALTER TABLE t ADD PRIMARY KEY (a)", Instead),
        ("SAVEPOINT x", Failed),
        ("COPY t FROM STDIN", Failed),
    ],
)
def test_own_statements_are_recognised(sql: str, kind: type) -> None:
    assert isinstance(statements.read_one(sql), kind)


def test_copy_is_read_in_any_order() -> None:
    found = statements.read_one(
        "copy \"Lake\".t (a, \"B\") from 's3://b/k''s' maxerror as 5 null as '\\N' csv quote as '%' gzip manifest"
        " region 'eu-west-1' credentials 'aws_iam_role=arn:aws:iam::1:role/r' statupdate off compupdate"
        " dateformat 'auto'"
    )
    assert isinstance(found, Copy)
    command = found.command
    assert (command.schema, command.table, command.columns, command.source) == ("lake", "t", ("a", "b"), "s3://b/k's")
    assert command.options == CopyOptions(
        format=Format.CSV,
        delimiter=",",
        quote="%",
        compression=Compression.GZIP,
        is_manifest=True,
        region="eu-west-1",
        date_format="auto",
        error_limit=5,
    )


@pytest.mark.parametrize(
    ("written", "meant"),
    [("'\\t'", "\t"), ("'\\011'", "\t"), ("'|~|'", "|~|"), ("'\\302\\246'", "¦"), ("'\\\\'", "\\"), ("'¦'", "¦")],
)
def test_delimiters_may_be_written_by_backslash(written: str, meant: str) -> None:
    assert options_of(f"DELIMITER {written}").delimiter == meant


@pytest.mark.parametrize(
    ("options", "limit"), [("", 1), ("MAXERROR 0", 1), ("MAXERROR 9", 9), ("IGNOREALLERRORS", None)]
)
def test_error_limit(options: str, limit: int | None) -> None:
    assert options_of(options).error_limit == limit


@pytest.mark.parametrize(
    "options",
    [
        "CSV CSV",
        "CSV JSON 'auto'",
        "GZIP ZSTD",
        "NO_SUCH_OPTION",
        "MAXERROR x",
        "MAXERROR 100001",
        "DELIMITER ''",
        "CSV QUOTE 'ab'",
        "NULL AS '\\n'",
        "ACCEPTINVCHARS 'é'",
        "FIXEDWIDTH 'a:x'",
        "JSON 'Auto'",
        "IAM_ROLE default",
        "ACCESS_KEY_ID 'x'",
        "FORMAT PARQUET GZIP",
    ],
)
def test_invalid_options_are_refused(options: str) -> None:
    with pytest.raises(Refused):
        options_of(options)


def test_copy_needs_an_authorization() -> None:
    found = statements.read_one("COPY t FROM 's3://b/k' CSV")
    assert isinstance(found, Failed)
    assert "needs one of IAM_ROLE" in found.error.message
