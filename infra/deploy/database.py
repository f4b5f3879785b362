"""The database users with their least rights, and the mng tables, by the Redshift Data API.

The Data API reaches a private Redshift from anywhere, with IAM and the administrator's secret.  Passwords travel as
hashes, so that no log of statements holds one.  All statements run in one transaction and may run again; before it
each column that is too short is lengthened, which Redshift takes outside of any transaction only.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlparse

from infra.deploy.aws import Aws
from infra.deploy.deployment import Deployment
from infra.deploy.errors import DeployError
from lakeport.mng import tables
from lakeport.redshift.statements import statement

READERS = "lakeport_readers"
# In this order: who owns before who is granted.
ROLES = ("loader", "registrar", "readers")
WITHIN_SECONDS = 600
TRIES = 3
_SECRETS = {"lakeport_loader": "LoaderSecretName", "lakeport_registrar": "RegistrarSecretName"}
_AT_REST = ("FINISHED", "FAILED", "ABORTED")


class Refused(DeployError):
    """Redshift did not do as asked; with what a second look finds it may."""


@dataclass(frozen=True)
class Database:
    """A Redshift database, reached with its administrator's secret."""

    aws: Aws
    address: Mapping[str, str]
    """The Data API's words for where: WorkgroupName or ClusterIdentifier, Database, SecretArn."""

    def run(self, *statements: str) -> list[list[Any]]:
        """Run the statements in one transaction and return the rows of the only one, where it is one."""
        client = self.aws.client("redshift-data")
        asked = (
            client.execute_statement(Sql=statements[0], **self.address)
            if len(statements) == 1
            else client.batch_execute_statement(Sqls=list(statements), **self.address)
        )
        found: dict[str, Any] = {}

        def look() -> bool:
            found.update(client.describe_statement(Id=asked["Id"]))
            return found["Status"] in _AT_REST

        self.aws.until(look, "the statement in Redshift", WITHIN_SECONDS)
        if found["Status"] != "FINISHED":
            said = " ".join(found.get("Error", found["Status"]).split())
            raise Refused(f"Redshift refuses the users and tables: {said}")
        if not found.get("HasResultSet"):
            return []
        records = client.get_statement_result(Id=asked["Id"])["Records"]
        return [[next(iter(field.values())) for field in record] for record in records]


def database(aws: Aws, deployment: Deployment, stack: Mapping[str, str], parameters: Mapping[str, str]) -> Database:
    """Return the database of the deployment: the stack's workgroup, or the existing Redshift that its YAML names."""
    name = {"Database": parameters["RedshiftDatabase"]}
    if workgroup := stack.get("RedshiftWorkgroupName"):
        namespace = aws.client("redshift-serverless").get_namespace(namespaceName=workgroup)["namespace"]
        return Database(aws, {"WorkgroupName": workgroup, "SecretArn": namespace["adminPasswordSecretArn"], **name})
    where = {"WorkgroupName": deployment.database_workgroup, "ClusterIdentifier": deployment.database_cluster}
    chosen = {key: value for key, value in where.items() if value}
    if len(chosen) != 1 or deployment.database_admin_secret is None:
        raise DeployError("database_admin_secret wants database_workgroup or database_cluster beside it, one of them")
    return Database(aws, {**chosen, "SecretArn": deployment.database_admin_secret, **name})


def fingerprint(aws: Aws, stack: Mapping[str, str], name: str) -> str:
    """Return what changes when users or tables must be made anew; no query wakes Redshift for it."""
    manager = aws.client("secretsmanager")
    versions = [
        sorted(manager.describe_secret(SecretId=stack[output])["VersionIdsToStages"].items())
        for output in _SECRETS.values()
    ]
    return hashlib.sha256(json.dumps([_texts(name), versions]).encode()).hexdigest()


def apply(aws: Aws, found: Database, stack: Mapping[str, str]) -> None:
    """Make the users, the readers' group and the mng tables, and grant what each may do.

    Looks again where Redshift refuses, a few times: another deployment may have done the same meanwhile.
    Raises TableMismatch for a table that cannot become today's.
    """
    for attempt in range(1, TRIES + 1):
        try:
            live = found.run(statement(tables.LIVE_COLUMNS))
            for change in tables.lengthenings(live):
                found.run(change.text())
            added = [change.text() for change in tables.additions(live)]
            found.run(*_statements_for(aws, found, stack, added))
        except Refused as error:
            if attempt == TRIES:
                raise
            aws.report(f"{error}; looking again")
            time.sleep(aws.wait_seconds)
        else:
            return


def _statements_for(aws: Aws, found: Database, stack: Mapping[str, str], added: list[str]) -> list[str]:
    """Return the transaction that makes of what is there what should be; `added` adds the columns."""
    users = {row[0] for row in found.run(f"SELECT usename FROM pg_user WHERE usename IN ({_quoted(*_SECRETS)})")}  # noqa: S608
    groups = found.run(f"SELECT groname FROM pg_group WHERE groname = {_quoted(READERS)}")  # noqa: S608
    statements = [] if groups else [f"CREATE GROUP {READERS}"]
    for user, output in _SECRETS.items():
        password = json.loads(aws.client("secretsmanager").get_secret_value(SecretId=stack[output])["SecretString"])[
            "password"
        ]
        verb = "ALTER" if user in users else "CREATE"
        statements.append(f"{verb} USER {user} PASSWORD {_quoted(_hash(user, password))}")
    statements_of_tables, *roles = _texts(found.address["Database"])
    statements += [*_statements(statements_of_tables), *added]
    return [*statements, *(each for text in roles for each in _statements(text))]


def _texts(database_name: str) -> list[str]:
    texts = [statement(tables.TABLES), *(statement(f"roles/{role}") for role in ROLES)]
    quoted = '"' + database_name.replace('"', '""') + '"'
    return [text.replace("{database}", quoted) for text in texts]


def _statements(text: str) -> list[str]:
    bare = sqlparse.format(text, strip_comments=True)
    return [each.strip().rstrip(";") for each in sqlparse.split(bare) if each.strip()]


def _hash(user: str, password: str) -> str:
    """Return a password as CREATE USER takes it in place of the text (docs: CREATE USER, md5hash).

    The password is random and long, so that the weakness of MD5 gives nothing away.
    """
    return "md5" + hashlib.md5(f"{password}{user}".encode(), usedforsecurity=False).hexdigest()


def _quoted(*texts: str) -> str:
    return ", ".join("'" + text.replace("'", "''") + "'" for text in texts)
