"""What the rules of checks/semgrep must catch, and what they must let pass; it is read by semgrep, never run."""

import string

from lakeport.redshift.sql_files import statement
from lakeport.redshift.statements import composed, keywords
from psycopg2 import sql
from psycopg2.extras import execute_values


def caught(cursor, warehouse, client, key, table, rows):
    # ruleid: sql-from-text
    cursor.execute(f"SELECT 1 FROM {table}")
    # ruleid: sql-from-text
    cursor.execute("COPY lake.t FROM '%s' IAM_ROLE default" % key)
    # ruleid: sql-from-text
    cursor.execute("TRUNCATE {}".format(table))
    # ruleid: sql-from-text
    cursor.execute("ALTER TABLE " + table + " ADD COLUMN a INT")
    # ruleid: sql-from-text
    cursor.execute("; ".join(["MERGE INTO a USING b", table]))
    # ruleid: sql-from-text
    cursor.executemany(f"INSERT INTO {table} VALUES (%s)", rows)
    # ruleid: sql-from-text
    cursor.copy_expert(f"COPY {table} FROM STDIN", rows)
    # ruleid: sql-from-text
    execute_values(cursor, f"INSERT INTO {table} VALUES %s", rows)
    # ruleid: sql-from-text
    warehouse.alone(f"VACUUM {table}")
    # ruleid: sql-from-text
    client.execute_statement(Database="d", Sql=f"CREATE USER {table}")
    # ruleid: sql-from-text
    cursor.execute(statement("load/clear_table").replace("{table}", table))
    # ruleid: sql-from-text
    cursor.execute(string.Template("DELETE FROM $t").substitute(t=table))


def caught_through_a_name(cursor, table):
    query = "DELETE FROM "
    query += table
    # ruleid: sql-from-text
    cursor.execute(query)


def caught_in_a_wrapper(cursor, table, option):
    # ruleid: sql-from-text, sql-wrapped-unread
    cursor.execute(sql.SQL(f"DROP TABLE {table}"))
    # ruleid: sql-wrapped-unread
    cursor.execute(sql.SQL(option))


def passes(cursor, warehouse, key, table, rows, is_new):
    # ok: sql-from-text, sql-wrapped-unread
    cursor.execute("SELECT pg_last_copy_count()")
    # ok: sql-from-text
    cursor.execute(statement("mng/load_state"), {"file_id": key})
    # ok: sql-from-text
    cursor.execute(composed("load/clear_table", table=sql.Identifier("lake", table)))
    # ok: sql-from-text, sql-wrapped-unread
    cursor.execute(sql.SQL("COPY {} FROM {}").format(sql.Identifier(table), sql.Literal(f"s3://b/{key}")))
    # ok: sql-from-text, sql-wrapped-unread
    cursor.execute(sql.SQL("ALTER TABLE t ADD COLUMN c {}").format(keywords(f"VARCHAR({len(rows)})")))
    # ok: sql-from-text, sql-wrapped-unread
    cursor.execute(sql.SQL("GRANT SELECT ON {} TO x{}").format(table, sql.SQL(" CASCADE" if is_new else "")))
    # ok: sql-from-text, sql-wrapped-unread
    warehouse.alone(sql.SQL(", ").join(rows))
