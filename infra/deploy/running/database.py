"""Create the database users with least permissions, and the mng tables, through the Redshift Data API.

The Data API reaches a private Redshift from anywhere, with IAM and the administrator's secret.  Passwords are sent as
hashes, so that no log of statements contains one.  All statements run in one transaction and are safe to repeat.
Columns that are too short are widened before it, because Redshift allows that only outside a transaction.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlparse

from infra.deploy.aws import Aws
from infra.deploy.deployment import Deployment
from infra.deploy.errors import DeployError
from lakeport.mng import tables
from lakeport.redshift import isolation
from lakeport.redshift.data_api import StatementFailed, run_statements
from lakeport.redshift.sql_files import statement

READERS = "lakeport_readers"
# In this order: owners before grants.
ROLES = ("loader", "registrar", "readers")
WITHIN_SECONDS = 600
TRIES = 3
BATCH = 40  # statements of a BatchExecuteStatement (botocore, redshift-data)
_SECRETS = {"lakeport_loader": "LoaderSecretName", "lakeport_registrar": "RegistrarSecretName"}


class Refused(DeployError):
    """Redshift rejected the statements; a second attempt with a fresh look at the catalog may succeed."""


@dataclass(frozen=True)
class Database:
    """A Redshift database, reached with its administrator's secret."""

    aws: Aws
    address: Mapping[str, str]
    """Parameters of the Data API: WorkgroupName or ClusterIdentifier, Database, SecretArn."""

    def run(self, *statements: str) -> list[list[Any]]:
        """Run the statements, 40 at most in one transaction; for a single statement return its rows.

        40 is the Data API's limit of a batch.  If a later batch fails, the next run finishes the work.
        """
        rows: list[list[Any]] = []
        for start in range(0, len(statements), BATCH):
            rows = self._run(statements[start : start + BATCH])
        return rows

    def _run(self, statements: Sequence[str]) -> list[list[Any]]:
        def until(look: Callable[[], bool]) -> None:
            self.aws.until(look, "the statement in Redshift", WITHIN_SECONDS)

        try:
            result = run_statements(self.aws.client("redshift-data"), self.address, statements, until)
        except StatementFailed as error:
            raise Refused(f"Redshift rejected the statements for users and tables: {error}") from error
        return [list(row) for row in result.rows]


def database(aws: Aws, deployment: Deployment, stack: Mapping[str, str], parameters: Mapping[str, str]) -> Database:
    """Return the database of the deployment: the stack's workgroup, or the existing Redshift of its YAML."""
    name = {"Database": parameters["RedshiftDatabase"]}
    if workgroup := stack.get("RedshiftWorkgroupName"):
        namespace = aws.client("redshift-serverless").get_namespace(namespaceName=workgroup)["namespace"]
        return Database(aws, {"WorkgroupName": workgroup, "SecretArn": namespace["adminPasswordSecretArn"], **name})
    where = {"WorkgroupName": deployment.database_workgroup, "ClusterIdentifier": deployment.database_cluster}
    target = {key: value for key, value in where.items() if value}
    if len(target) != 1 or deployment.database_admin_secret is None:
        raise DeployError(
            "database_admin_secret: set either database_workgroup or database_cluster as well, in the deployment's YAML"
        )
    return Database(aws, {**target, "SecretArn": deployment.database_admin_secret, **name})


def fingerprint(aws: Aws, stack: Mapping[str, str], name: str) -> str:
    """Return a hash that changes when users or tables must be created again; sends no query to Redshift."""
    manager = aws.client("secretsmanager")
    versions = [
        sorted(manager.describe_secret(SecretId=stack[output])["VersionIdsToStages"].items())
        for output in _SECRETS.values()
    ]
    return hashlib.sha256(json.dumps([_texts(name), versions]).encode()).hexdigest()


def apply(aws: Aws, found: Database, stack: Mapping[str, str]) -> None:
    """Create the users, the readers' group and the mng tables, and grant permissions.

    Tries again a few times if Redshift rejects a statement: another deployment may have made the same change.
    Raises TableMismatch for a table that cannot be upgraded.
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
            aws.report(f"{error}; trying again")
            time.sleep(aws.wait_seconds)
        else:
            return


def report_isolation(found: Database) -> None:
    """Report an isolation level under which arrivals roll loads back; a deployment does not change it."""
    name = found.address["Database"]
    try:
        level = isolation.level_of(found.run(statement(isolation.QUERY)), name)
    except Refused as error:
        found.aws.report(f"not checked: isolation level of database {name} ({error})")
        return
    if problem := isolation.problem_with(level, name):
        found.aws.report(f"warning: {problem}")


def _statements_for(aws: Aws, found: Database, stack: Mapping[str, str], added: list[str]) -> list[str]:
    """Return the transaction's statements; `added` are those that add columns."""
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
    """Return the password hash that CREATE USER accepts (docs: CREATE USER, md5hash).

    The password is random and long, so that the weakness of MD5 does not matter.
    """
    return "md5" + hashlib.md5(f"{password}{user}".encode(), usedforsecurity=False).hexdigest()


def _quoted(*texts: str) -> str:
    return ", ".join("'" + text.replace("'", "''") + "'" for text in texts)
