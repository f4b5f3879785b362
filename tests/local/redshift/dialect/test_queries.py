# ruff: noqa: S608 - the expressions put into these statements are the tests' own
"""What Redshift's SELECT has and PostgreSQL's does not: QUALIFY, lateral aliases, paths into SUPER, LISTAGG."""

from decimal import Decimal
from typing import Any

import psycopg
import psycopg2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local.redshift.server import statements
from local.redshift.server.kinds import Failed, Forward
from tests.support.golden import raises_golden
from tests.support.redshift_stand_in import PASSWORD

DOCUMENT = '{"a": {"b": [10, 20, {"k": "v"}]}, "list": [{"x": 1, "in": [7, 8]}, {"x": 2}], "n": 5, "s": "text"}'
NUMBERED = "row_number() OVER (PARTITION BY a ORDER BY b)"


@pytest.fixture
def table(warehouse: Any) -> Any:
    warehouse.run("CREATE TABLE t (a int, b varchar(9)); INSERT INTO t VALUES (1, 'x'), (2, 'y'), (2, 'z'), (3, '')")
    warehouse.run("CREATE TABLE s (id int, c super)")
    warehouse.run(f"INSERT INTO s VALUES (1, json_parse('{DOCUMENT}')), (2, json_parse('[1]'))")
    return warehouse


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        (f"SELECT a, b FROM t x QUALIFY {NUMBERED} = 1 ORDER BY b", [(3, ""), (1, "x"), (2, "y")]),
        (f"SELECT b FROM t x QUALIFY {NUMBERED} = 1 ORDER BY a DESC LIMIT 2", [("",), ("y",)]),
        (f"SELECT TOP 1 b FROM t x QUALIFY {NUMBERED} = 1 ORDER BY a", [("x",)]),
        (f"SELECT * FROM t x WHERE a > 1 QUALIFY {NUMBERED} = 2", [(2, "z")]),
        (f"SELECT x.*, 1 FROM t AS x QUALIFY {NUMBERED} = 2", [(2, "z", 1)]),
        (f"SELECT b, {NUMBERED} rn FROM t x QUALIFY rn = 2", [("z", 2)]),
        ("SELECT a, count(*) n FROM t x GROUP BY a QUALIFY rank() OVER (ORDER BY count(*) DESC) = 1", [(2, 2)]),
        (f"WITH q AS (SELECT a FROM t x QUALIFY {NUMBERED} = 1) SELECT count(*) FROM q", [(3,)]),
        (f"SELECT sum(a) FROM (SELECT DISTINCT a FROM t x QUALIFY {NUMBERED} > 1) y", [(2,)]),
    ],
)
def test_qualify(table: Any, query: str, rows: Any) -> None:
    assert table.run(query) == rows


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("SELECT a + 1 AS c, c * 2 AS d, c + d FROM t WHERE a = 1", [(2, 4, 6)]),
        ("SELECT a + 1 AS b, b FROM t WHERE a = 1", [(2, "x")]),
        ("SELECT upper(b) AS b, b || '!' AS c, c || '?' FROM t WHERE a = 1", [("X", "x!", "x!?")]),
        ("SELECT sum(a) total, total / 2 FROM t", [(8, 4)]),
        ("SELECT y FROM (SELECT a AS x, x + 1 AS y FROM t WHERE a = 3) q", [(4,)]),
        (f"SELECT {NUMBERED} rn, rn * 10 FROM t WHERE b = 'z'", [(1, 10)]),
    ],
)
def test_columns_take_precedence_over_lateral_aliases(table: Any, query: str, rows: Any) -> None:
    assert table.run(query) == rows


def test_lateral_alias_in_a_transaction_and_in_other_statements(table: Any) -> None:
    table.run("BEGIN; INSERT INTO t VALUES (9, 'w')")
    assert table.run("SELECT a AS c, c + 1 FROM t WHERE a = 9") == [(9, 10)]
    table.run("INSERT INTO t SELECT a + 1 AS c, c::varchar FROM t WHERE a = 9; COMMIT")
    assert table.run("SELECT * FROM t WHERE a > 8 ORDER BY a") == [(9, "w"), (10, "10")]
    with raises_golden(psycopg2.errors.UndefinedColumn, "stand_in", "no such column", '"missing"'):
        table.run("SELECT a AS c, c + missing FROM t")


def test_lateral_alias_with_parameters(table: Any) -> None:
    place = {"host": "127.0.0.1", "port": table.stand_in.port, "dbname": "lakeport", "user": "lakeport"}
    with psycopg.connect(**place, password="local-only") as connection:
        connection.execute(f"SET search_path TO {table.run('SELECT current_schema()')[0][0]}")
        found = connection.execute("SELECT a + %s AS c, c * 2 FROM t WHERE a = %s", (1, 1)).fetchall()
        assert found == [(2, 4)]


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("SELECT c.a.b[0] FROM s ORDER BY id", [("10",), (None,)]),
        ("SELECT s.c.a.b[2].k FROM s WHERE id = 1", [('"v"',)]),
        ("SELECT x.c.A.b[1]::int + 1 FROM s x WHERE x.c.n::int = 5", [(21,)]),
        (
            "SELECT c.s::varchar, c.s::int, c.a::varchar, c.nothing.more FROM s WHERE id = 1",
            [("text", None, None, None)],
        ),
        ("SELECT c['n'], c[0] FROM s WHERE id = 1", [("5", None)]),
        ("SELECT id, e.x FROM s, s.c.list e ORDER BY 2", [(1, "1"), (1, "2")]),
        ("SELECT i, e.x::int FROM s, s.c.list AS e AT i ORDER BY i", [(0, 1), (1, 2)]),
        ("SELECT inner_one::int FROM s, s.c.list e, e.in inner_one ORDER BY 1", [(7,), (8,)]),
        ("SELECT count(*) FROM s WHERE id IN (SELECT s2.id FROM s s2 WHERE s2.c.n::int = s.c.n::int)", [(1,)]),
        (
            "SELECT json_serialize(c.a), json_typeof(c.list) FROM s WHERE id = 1",
            [('{"b":[10,20,{"k":"v"}]}', "array")],
        ),
        ("SELECT get_array_length(c.list) FROM s ORDER BY id", [(2,), (None,)]),
    ],
)
def test_paths_into_super(table: Any, query: str, rows: Any) -> None:
    assert table.run(query) == rows


def test_names_that_are_not_paths_stay(table: Any) -> None:
    schema = table.run("SELECT current_schema()")[0][0]
    assert table.run(f"SELECT {schema}.t.a FROM {schema}.t WHERE t.b = 'x'") == [(1,)]
    assert table.run("SELECT t.a FROM (t JOIN s ON t.a = s.id) WHERE s.id = 1") == [(1,)]
    table.run("UPDATE t SET b = (SELECT max(t2.b) FROM t t2 WHERE t2.a = t.a) WHERE t.a = 1")
    assert table.run("SELECT 1::pg_catalog.int4, pg_catalog.now() IS NULL") == [(1, False)]


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("SELECT listagg(b, ',') WITHIN GROUP (ORDER BY b DESC) FROM t", [("z,y,x",)]),
        ("SELECT listagg(DISTINCT a, ',') WITHIN GROUP (ORDER BY a) FROM t", [("1,2,3",)]),
        (
            "SELECT a, listagg(b) WITHIN GROUP (ORDER BY b) FROM t GROUP BY a ORDER BY a",
            [(1, "x"), (2, "yz"), (3, None)],
        ),
        (
            "SELECT b, listagg(b, '-') WITHIN GROUP (ORDER BY b) OVER (PARTITION BY a) FROM t WHERE a = 2 ORDER BY b",
            [("y", "y-z"), ("z", "y-z")],
        ),
    ],
)
def test_listagg(table: Any, query: str, rows: Any) -> None:
    assert table.run(query) == rows


def test_listagg_has_a_limit(table: Any) -> None:
    table.run("CREATE TABLE long (a varchar(65535)); INSERT INTO long VALUES (repeat('x', 65535))")
    assert table.run("SELECT len(listagg(a, ',')) FROM long") == [(65535,)]
    table.run("INSERT INTO long VALUES ('y')")
    with raises_golden(psycopg2.InternalError, "stand_in", "LISTAGG too long", "LISTAGG"):
        table.run("SELECT listagg(a, ',') FROM long")


@pytest.mark.parametrize(
    ("query", "row"),
    [
        ("json_extract_path_text('{\"a\": {\"b\": 1}}', 'a', 'b')", ("1",)),
        ("json_extract_path_text('{\"a\": 1}', 'z')", (None,)),
        ("json_extract_path_text('no json', 'z', true)", (None,)),
        ("json_extract_array_element_text('[1, 2]', 1)", ("2",)),
        (
            "can_json_parse('{'), is_valid_json('{}'), is_valid_json('[]'), is_valid_json_array('[]')",
            (False, True, False, True),
        ),
        ("date_part(year, date '2020-05-01'), date_part('dow', date '2020-05-03')", (2020, 0)),
        ("nvl(NULL, 1), nvl2(NULL, 1, 2), decode(NULL, NULL, 'same', 'other')", (1, 2, "same")),
        ("datediff(year, '2008-12-31', '2009-01-01'), datediff(day, '2009-01-02', '2009-01-01')", (1, -1)),
        ("dateadd(month, 1, date '2020-01-31')::varchar", ("2020-02-29 00:00:00",)),
        ("convert_timezone('EST', '2020-01-01 12:00:00')::varchar", ("2020-01-01 07:00:00",)),
        ("convert_timezone('EST', 'PST', '2008-03-05 12:25:29')::varchar", ("2008-03-05 09:25:29",)),
        ("len('é '), char_length('é'), octet_length('é')", (2, 1, 2)),
        ("strtol('0xff', 16), strtol('', 10), strtol('-11', 2)", (255, 0, -3)),
        (
            "last_day('2008-02-01'::timestamp)::varchar, charindex('c', 'abc'), replicate('a', 2)",
            ("2008-02-29", 3, "aa"),
        ),
    ],
)
def test_functions(warehouse: Any, query: str, row: Any) -> None:
    assert warehouse.run(f"SELECT {query}") == [row]


def test_text_that_is_not_json_is_an_error(warehouse: Any) -> None:
    with raises_golden(psycopg2.Error, "stand_in", "text is not JSON"):
        warehouse.run("SELECT json_extract_path_text('no json', 'z')")


def test_merge_of_duplicates_refuses_a_row_matched_twice(warehouse: Any) -> None:
    warehouse.run("CREATE TABLE t (a int, b int); CREATE TABLE s (LIKE t)")
    warehouse.run("INSERT INTO t VALUES (1, 1); INSERT INTO s VALUES (1, 2), (1, 3)")
    with raises_golden(psycopg2.InternalError, "stand_in", "MERGE matches a row twice"):
        warehouse.run("MERGE INTO t USING s ON t.a = s.a REMOVE DUPLICATES")
    assert warehouse.run("SELECT * FROM t") == [(1, 1)]


WORDS = "SELECT FROM WHERE QUALIFY GROUP BY ORDER LIMIT TOP 1 a b t x . , ( ) [ ] * AS AT JOIN ON UNION WITH :: 'x' ;"
WORDS += (
    ' INSERT CREATE TABLE ALTER ADD COLUMN TYPE varbyte varchar LISTAGG DECODE NVL2 OVER IS TRUE MERGE "Q" UNLOAD COPY'
)
WORDS += " IDENTITY DISTKEY ENCODE CAST VALUES DELETE TRUNCATE WHEN MATCHED BINARY VARYING SET ISOLATION LEVEL $$z$$"
STARTS = (
    *("", "CREATE TABLE t (", "CREATE TABLE t (a", "CREATE TABLE t (a int) DISTKEY (", "ALTER TABLE t", "TRUNCATE t"),
    *("MERGE INTO t USING s ON", "INSERT INTO t VALUES", "SET query_group TO", "ALTER DATABASE", "UNLOAD (", "DELETE"),
)


@settings(max_examples=500)
@given(st.sampled_from(STARTS), st.lists(st.sampled_from(WORDS.split()), max_size=20))
def test_any_words_are_read_as_some_statement(start: str, words: list[str]) -> None:
    for each in statements.read(" ".join([start, *words])):
        assert isinstance(each, Failed) or each
        if isinstance(each, Forward):
            assert isinstance(each.probe, str)
            for alias in each.aliases:
                statements.without(each, alias)


def test_statement_is_typed_by_what_those_before_it_have_made(warehouse: Any) -> None:
    statements = "CREATE TABLE d (a decimal(8,2)); INSERT INTO d VALUES (2.5); SELECT a / 3 FROM d"
    assert [str(value) for (value,) in warehouse.run(statements)] == ["0.8333333333333"]
    with pytest.raises(psycopg2.Error):
        warehouse.run("INSERT INTO d VALUES (4); SELECT a / 3 FROM d; SELECT a / 0 FROM d")
    assert warehouse.run("SELECT count(*) FROM d") == [(1,)]


LONG = f"{'l' * 40}_{'n' * 40}"


def test_text_of_a_long_name_is_data_outside_catalogs(warehouse: Any) -> None:
    warehouse.run(f"CREATE TABLE {LONG} (v varchar(200), {LONG}_1 int, d super)")
    warehouse.run(
        f"INSERT INTO {LONG} SELECT repeat('l', 40) || '_' || repeat('n', 40), 1, json_parse('{{\"{LONG}\": 5}}')"
    )
    found = warehouse.run(f"SELECT len('{LONG}'), v = '{LONG}', x.d.{LONG} FROM {LONG} x")
    assert found == [(81, True, "5")]
    assert warehouse.run(f"SELECT len(n) FROM (SELECT {LONG}_1 FROM {LONG}) UNPIVOT (x FOR n IN ({LONG}_1))") == [(83,)]
    assert warehouse.run(f"SELECT count(*) FROM svv_columns WHERE table_name = '{LONG}'") == [(3,)]
    assert warehouse.run(f"SELECT has_table_privilege('{LONG}', 'select')") == [(True,)]
    with pytest.raises(psycopg2.Error, match="use the whole name"):
        warehouse.run("SELECT count(*) FROM svv_tables WHERE table_name LIKE '%nnn'")
    assert warehouse.run("SELECT count(*) FROM svv_tables WHERE table_name LIKE 'llll%'") == [(1,)]


def test_text_of_a_long_name_is_data_beside_catalogs(warehouse: Any) -> None:
    warehouse.run(f"CREATE TABLE {LONG} (v varchar(400), n int)")
    schema = warehouse.run("SELECT current_schema()")[0][0]
    warehouse.run(f"INSERT INTO {LONG} SELECT '{LONG}', 1 WHERE has_table_privilege('{schema}.{LONG}', 'select')")
    warehouse.run(f"INSERT INTO {LONG} SELECT 'a {LONG} b', count(*) FROM pg_class WHERE relname IN ('{LONG}', 'x')")
    warehouse.run(
        f"UPDATE {LONG} SET v = '{LONG}' || v FROM pg_class WHERE n = 1 AND v = '{LONG}' AND relname = '{LONG}'"
    )
    warehouse.run(f"""
        CREATE PROCEDURE fill() AS $$ BEGIN
            EXECUTE 'INSERT INTO {LONG} VALUES (''{LONG}'', 3), (' || quote_literal('{LONG}') || ', 4)';
            EXECUTE 'INSERT INTO ' || quote_ident('{LONG}') || ' VALUES (''-'', 5)';
        END $$ LANGUAGE plpgsql; CALL fill()""")
    warehouse.run(f"PREPARE p AS INSERT INTO {LONG} VALUES ($1, 6); EXECUTE p('{LONG}')")
    found = warehouse.run(f"SELECT n, len(v), v LIKE '%{LONG}%' FROM {LONG} ORDER BY n, 2")
    assert found == [(1, 85, True), (1, 162, True), (3, 81, True), (4, 81, True), (5, 1, False), (6, 81, True)]
    assert warehouse.run(f"SELECT count(*) FROM svv_columns WHERE table_name <> '{LONG}' AND column_name = 'n'") == [
        (0,)
    ]
    warehouse.run(f"DROP PROCEDURE fill(); DROP TABLE {LONG}")


def test_bound_parameter_is_a_long_name_where_catalogs_are_read(warehouse: Any, stand_in: Any) -> None:
    warehouse.run(f"CREATE TABLE {LONG} (a int)")
    place = {"host": "127.0.0.1", "port": stand_in.port, "dbname": "lakeport", "user": "lakeport"}
    with psycopg.connect(**place, password=PASSWORD, autocommit=True) as connection:
        query = "SELECT count(*) FROM pg_class WHERE relname = %s"
        assert connection.execute(query, [LONG]).fetchall() == [(1,)]
        assert connection.execute("SELECT %s::varchar(200)", [LONG]).fetchall() == [(LONG,)]
        query = "SELECT count(*) FROM svv_tables WHERE table_name LIKE %s"
        assert connection.execute(query, ["llll%"]).fetchall() == [(1,)]
        with pytest.raises(psycopg.Error, match="use the whole name"):
            connection.execute(query, ["%nnn"])
        assert connection.execute("SELECT 1").fetchall() == [(1,)]


def test_division_of_a_bound_parameter_has_the_digits_of_its_value(warehouse: Any, stand_in: Any) -> None:
    warehouse.run("CREATE TABLE public.bound (a decimal(10,2), s super); INSERT INTO public.bound VALUES (10, NULL)")
    place = {"host": "127.0.0.1", "port": stand_in.port, "dbname": "lakeport", "user": "lakeport"}
    with psycopg.connect(**place, password=PASSWORD, autocommit=True) as connection:
        for value in (Decimal("3.0"), "3.0"):
            assert connection.execute("SELECT a / %s FROM public.bound", [value]).fetchall() == [(Decimal("3.3333"),)]
        cast = "SELECT %s::decimal(10,2) / %s::decimal(5,1)"
        assert connection.execute(cast, [10, 3]).fetchall() == [(Decimal("3.3333333"),)]
        assert connection.execute("SELECT %s / 2", [5]).fetchall() == [(2,)]
        connection.execute("UPDATE public.bound SET s = %s", ['{"a": 1}'])
        with connection.pipeline():
            connection.execute("SELECT 1")
            divided = connection.execute("SELECT a / 3.0 FROM public.bound")
            assert divided.fetchall() == [(Decimal("3.3333"),)]
    assert warehouse.run("SELECT is_varchar(s), is_object(s) FROM public.bound") == [(True, False)]
    warehouse.run("DROP TABLE public.bound")
