"""Checks before anything is created: names, buckets, endpoints of the region, quotas of the account."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from infra.deploy import endpoints, stacks
from infra.deploy.aws import Aws, code_of
from infra.deploy.deployment import Deployment
from infra.deploy.stacks import Stack

# Service code, start of the quota's name, parameter that makes the quota irrelevant.
_QUOTAS = (("vpc", "VPCs per Region", "ExistingVpcId"), ("airflow", "Environments", None))


def problems(aws: Aws, deployment: Deployment, wanted: Mapping[str, Stack]) -> Iterator[str]:
    """Yield what would make the deployment fail, each with the next step."""
    for name in stacks.unknown_parameters(wanted, deployment.parameters):
        yield f"parameters: unknown parameter {name}; infra/main.yaml and infra/bootstrap.yaml list the parameters"
    if stacks.describe(aws, deployment.main_stack) is not None:
        return  # it exists: its own resources hold the names, and the quotas sufficed
    yield from _taken_buckets(aws, deployment)
    yield from _unfit_landing(aws, deployment.parameters.get("ExistingLandingBucket"))
    yield from _taken_namespace(aws, deployment)
    yield from endpoints.problems(aws, deployment)
    for service, quota, unless in _QUOTAS:
        if unless is None or not deployment.parameters.get(unless):
            yield from _exhausted(aws, service, quota)


def _taken_buckets(aws: Aws, deployment: Deployment) -> Iterator[str]:
    """Yield the buckets whose names are taken already; bucket names are global."""
    parts = {deployment.bootstrap_stack: ("logs", "code"), deployment.main_stack: ("landing", "archive", "work")}
    for stack, names in parts.items():
        if stacks.describe(aws, stack) is None:
            yield from (problem for part in names if (problem := _taken_bucket(aws, deployment, part)))


def _taken_bucket(aws: Aws, deployment: Deployment, part: str) -> str | None:
    name = f"{deployment.name}-{part}-{aws.caller['Account']}-{aws.region}"
    try:
        aws.client("s3").head_bucket(Bucket=name)
    except ClientError as error:
        if code_of(error) not in ("403", "AccessDenied"):
            return None
        return f"bucket {name} belongs to another account, or you may not read it; choose another deployment name"
    return f"bucket {name} exists, left by a deleted deployment; choose another deployment name, or empty and delete it"


def _unfit_landing(aws: Aws, name: str | None) -> Iterator[str]:
    """Yield why an existing bucket cannot be the landing bucket: files are identified by their versions."""
    if not name:
        return
    try:
        is_versioned = aws.client("s3").get_bucket_versioning(Bucket=name).get("Status") == "Enabled"
    except (ClientError, BotoCoreError) as error:
        yield f"ExistingLandingBucket: cannot read bucket {name} ({_short(error)})"
        return
    if not is_versioned:
        yield f"ExistingLandingBucket: bucket {name} has no versioning; turn its versioning on"


def _taken_namespace(aws: Aws, deployment: Deployment) -> Iterator[str]:
    """Yield a problem if a Redshift left by a deleted deployment has the name of the new one."""
    if deployment.parameters.get("ExistingRedshiftHost"):
        return
    try:
        aws.client("redshift-serverless").get_namespace(namespaceName=deployment.name)
    except ClientError as error:
        if code_of(error) != "ResourceNotFoundException":
            aws.report(f"not checked: Redshift namespace {deployment.name} ({_short(error)})")
        return
    kept = f"Redshift namespace {deployment.name} exists, left by a deleted deployment"
    yield f"{kept}; choose another deployment name, delete it, or use it (ExistingRedshiftHost)"


def _exhausted(aws: Aws, service: str, quota: str) -> Iterator[str]:
    try:
        pages = aws.client("service-quotas").get_paginator("list_service_quotas").paginate(ServiceCode=service)
        quotas = [each for page in pages for each in page["Quotas"] if each["QuotaName"].startswith(quota)]
        used = _used(aws, service)
    except (ClientError, BotoCoreError) as error:
        aws.report(f"not checked: quota {quota} of {service} ({_short(error)})")
        return
    for each in quotas:
        if used >= each["Value"]:
            remedy = f"raise quota {each['QuotaCode']} in Service Quotas, or delete one"
            yield f"quota reached: {used} of {each['Value']:.0f} {each['QuotaName']} in use; {remedy}"


def _used(aws: Aws, service: str) -> int:
    if service == "vpc":
        return len(aws.client("ec2").describe_vpcs()["Vpcs"])
    return len(aws.client("mwaa").list_environments()["Environments"])


def _short(error: Any) -> str:
    return str(error).splitlines()[0][:200]
