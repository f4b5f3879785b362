"""What can be known before anything is made: credentials, names, what the region offers, what the account allows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from infra.deploy import endpoints, stacks
from infra.deploy.aws import Aws, code_of
from infra.deploy.deployment import Deployment
from infra.deploy.stacks import Stack

# Service code, how its quota's name begins, parameter that makes us need none of it.
_QUOTAS = (("vpc", "VPCs per Region", "ExistingVpcId"), ("airflow", "Environments", None))


def problems(aws: Aws, deployment: Deployment, wanted: Mapping[str, Stack]) -> Iterator[str]:
    """Give what would make the deployment fail, each with the next step."""
    for name in stacks.unknown_parameters(wanted, deployment.parameters):
        yield f"parameters: no template has {name}; infra/main.yaml and infra/bootstrap.yaml list what there is"
    if stacks.describe(aws, deployment.main_stack) is not None:
        return  # it stands, so names are taken by itself and quotas are met
    yield from _taken_buckets(aws, deployment)
    yield from _unfit_landing(aws, deployment.parameters.get("ExistingLandingBucket"))
    yield from _taken_namespace(aws, deployment)
    yield from endpoints.problems(aws, deployment)
    for service, quota, unless in _QUOTAS:
        if unless is None or not deployment.parameters.get(unless):
            yield from _exhausted(aws, service, quota)


def _taken_buckets(aws: Aws, deployment: Deployment) -> Iterator[str]:
    """Give the names of buckets to make that are there already; bucket names are everybody's."""
    parts = {deployment.bootstrap_stack: ("logs", "code"), deployment.main_stack: ("landing", "archive", "work")}
    for stack, names in parts.items():
        if stacks.describe(aws, stack) is None:
            yield from (said for part in names if (said := _taken_bucket(aws, deployment, part)))


def _taken_bucket(aws: Aws, deployment: Deployment, part: str) -> str | None:
    name = f"{deployment.name}-{part}-{aws.caller['Account']}-{aws.region}"
    try:
        aws.client("s3").head_bucket(Bucket=name)
    except ClientError as error:
        if code_of(error) not in ("403", "AccessDenied"):
            return None
        return f"bucket name {name} is taken by another account, or you may not look at it; choose another name"
    return f"bucket {name} is there, kept by a deployment that was deleted; choose another name, or empty and delete it"


def _unfit_landing(aws: Aws, name: str | None) -> Iterator[str]:
    """Say what keeps a landing bucket that is there already from being one: files are known by their versions."""
    if not name:
        return
    try:
        is_versioned = aws.client("s3").get_bucket_versioning(Bucket=name).get("Status") == "Enabled"
    except (ClientError, BotoCoreError) as error:
        yield f"ExistingLandingBucket: bucket {name} cannot be looked at ({_short(error)})"
        return
    if not is_versioned:
        yield f"ExistingLandingBucket: bucket {name} keeps no versions; switch its versioning on"


def _taken_namespace(aws: Aws, deployment: Deployment) -> Iterator[str]:
    """Say so where the Redshift that a deleted deployment kept has the name of the one to make."""
    if deployment.parameters.get("ExistingRedshiftHost"):
        return
    try:
        aws.client("redshift-serverless").get_namespace(namespaceName=deployment.name)
    except ClientError as error:
        if code_of(error) != "ResourceNotFoundException":
            aws.report(f"not checked: Redshift namespace {deployment.name} ({_short(error)})")
        return
    kept = f"Redshift namespace {deployment.name} is there, kept by a deployment that was deleted"
    yield f"{kept}; choose another name, delete it, or use it (ExistingRedshiftHost)"


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
            remedy = f"raise quota {each['QuotaCode']} in Service Quotas, or remove one"
            yield f"the account has {used} of {each['Value']:.0f} {each['QuotaName']}; {remedy}"


def _used(aws: Aws, service: str) -> int:
    if service == "vpc":
        return len(aws.client("ec2").describe_vpcs()["Vpcs"])
    return len(aws.client("mwaa").list_environments()["Environments"])


def _short(error: Any) -> str:
    return str(error).splitlines()[0][:200]
