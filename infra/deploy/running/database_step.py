"""Decide whether the database's users and tables must be made, and make them."""

from __future__ import annotations

from collections.abc import Mapping

from botocore.exceptions import ClientError

from infra.deploy.aws import Aws, code_of
from infra.deploy.deployment import Deployment
from infra.deploy.running import database


def due(
    aws: Aws,
    deployment: Deployment,
    stack: Mapping[str, str],
    wanted: Mapping[str, str],
    released: str | None,
    *,
    is_forced: bool,
) -> str | None:
    """Return the fingerprint of users and tables where they are not those of the last release.

    `stack` has the outputs of the main stack, `wanted` its parameters, `released` is the fingerprint of that release.
    """
    try:
        fingerprint = database.fingerprint(aws, stack, wanted["RedshiftDatabase"])
    except ClientError as error:
        if code_of(error) not in ("AccessDenied", "AccessDeniedException"):
            raise
        aws.report("not checked: the database's users and tables, because this role may not read their secrets")
        return None
    if not is_forced and released == fingerprint:
        return None
    if "RedshiftWorkgroupName" not in stack and deployment.database_admin_secret is None:
        remedy = "set database_workgroup or database_cluster, and database_admin_secret, in the deployment's YAML"
        aws.report(f"skipped: users and tables of the existing Redshift; {remedy}")
        return None
    return fingerprint


def make(aws: Aws, deployment: Deployment, stack: Mapping[str, str], wanted: Mapping[str, str]) -> None:
    """Create users, permissions and mng tables."""
    found = database.database(aws, deployment, stack, wanted)
    database.apply(aws, found, stack)
    database.report_isolation(found)
    aws.report("database users and mng tables are up to date")
