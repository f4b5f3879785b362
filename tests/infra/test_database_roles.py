"""What a deployment lets each database user do: the table of docs/security.md, compared with the database."""

from __future__ import annotations

import json
import re
import uuid
from fnmatch import fnmatchcase

import psycopg2
import pytest

from local import credentials
from local.config import REPOSITORY
from tests.infra.cloud import Cloud

SECURITY = (REPOSITORY / "docs" / "security.md").read_text()
PRIVILEGES = ("SELECT", "INSERT", "UPDATE", "DELETE")
USERS = ("lakeport_registrar", "lakeport_loader", "lakeport_readers")


def documented() -> list[tuple[str, str, set[str]]]:
    rows = re.findall(r"^\| `(lakeport_\w+)` \| `([a-z_.*]+)` \| (.+) \|$", SECURITY, re.MULTILINE)
    return [(user, tables, set(re.findall(r"[A-Z]+|owner", text))) for user, tables, text in rows]


@pytest.fixture
def loader(cloud: Cloud) -> dict[str, str]:
    """The tasks' login, as the deployment made it."""
    manager = cloud.client("secretsmanager")
    secret = json.loads(manager.get_secret_value(SecretId=cloud.outputs["LoaderSecretName"])["SecretString"])
    return {"user": secret["username"], "password": secret["password"], **secret["extra"]}


@pytest.fixture
def loaded_table(cloud: Cloud, loader: dict[str, str]) -> str:
    """A table of the lake that a task made after the deployment."""
    name = f"lake.trips_{uuid.uuid4().hex[:8]}"
    cloud.query(f"CREATE TABLE {name} (id INTEGER)", **loader)
    return name


def test_table_of_the_document_is_the_databases(cloud: Cloud, loaded_table: str) -> None:
    """Every table of mng, and one that was made later: exactly these rights."""
    tables = [row[0] for row in cloud.query("SELECT 'mng.' || tablename FROM pg_tables WHERE schemaname = 'mng'")]
    assert len(tables) >= 4
    for user in USERS:
        for table in [*tables, loaded_table]:
            expected = {
                right
                for who, where, rights in documented()
                if who == user and fnmatchcase(table, where)
                for right in rights
            }
            assert rights_of(cloud, user, table) == expected, f"{user} on {table}"


def rights_of(cloud: Cloud, user: str, table: str) -> set[str]:
    found = {
        each for each in PRIVILEGES if cloud.query("SELECT has_table_privilege(%s, %s, %s)", (user, table, each))[0][0]
    }
    ((owner,),) = cloud.query("SELECT tableowner FROM pg_tables WHERE schemaname || '.' || tablename = %s", (table,))
    return found | ({"owner"} if owner == user else set())


def test_reader_reads_and_changes_nothing(cloud: Cloud, loaded_table: str) -> None:
    """An analyst in the group."""
    name, password = f"analyst_{uuid.uuid4().hex[:8]}", f"Aa1{uuid.uuid4().hex}"
    cloud.query(f"CREATE USER {name} PASSWORD '{password}'")
    cloud.query(f"ALTER GROUP lakeport_readers ADD USER {name}")
    who = {"user": name, "password": password}

    assert cloud.query(f"SELECT * FROM {loaded_table}", **who) == []  # noqa: S608
    for statement in (f"DELETE FROM {loaded_table}", f"DROP TABLE {loaded_table}", "DELETE FROM mng.files"):  # noqa: S608
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            cloud.query(statement, **who)


def test_tasks_create_their_own_schemas(cloud: Cloud, loader: dict[str, str]) -> None:
    """A file type may name a table in another schema."""
    name = f"schema_{uuid.uuid4().hex[:8]}"
    cloud.query(f"CREATE SCHEMA {name}", **loader)
    cloud.query(f"CREATE TABLE {name}.t (a INTEGER)", **loader)
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        cloud.query("CREATE GROUP somebody", **loader)


def test_tasks_create_temporary_tables_although_others_may_not(cloud: Cloud, loader: dict[str, str]) -> None:
    """Every load needs them, and an existing Redshift may have taken the right from PUBLIC."""
    right = f"TEMPORARY ON DATABASE {credentials.DATABASE}"
    cloud.query(f"REVOKE {right} FROM PUBLIC")
    try:
        cloud.query("CREATE TEMP TABLE lakeport_joined_rows (a INTEGER)", **loader)
    finally:
        cloud.query(f"GRANT {right} TO PUBLIC")
