"""Checks before anything is created: names, buckets, endpoints of the region, quotas of the account."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from botocore.exceptions import BotoCoreError, ClientError

from infra.deploy.aws import Aws, code_of, short
from infra.deploy.deployment import Deployment
from infra.deploy.preflight import buckets, endpoints
from infra.deploy.stacks import state
from infra.deploy.stacks.landing import Landing
from infra.deploy.stacks.stack import Stack, unknown_parameters

_LEAST_DAYS = 30


# Service code, start of the quota's name, parameter that makes the quota irrelevant.
_QUOTAS = (("vpc", "VPCs per Region", "ExistingVpcId"), ("airflow", "Environments", None))


# Ports that Redshift Serverless takes.
_PORTS = (range(5431, 5456), range(8191, 8216))


def problems(aws: Aws, deployment: Deployment, wanted: Mapping[str, Stack]) -> Iterator[str]:
    """Yield what would make the deployment fail, each with the next step."""
    for name in unknown_parameters(wanted, deployment.parameters):
        where = ", ".join(f"infra/{each}.yaml" for each in wanted)
        yield f"parameters: unknown parameter {name}; {where} list the parameters"
    yield from _unfit_redshift(wanted["main"].wanted)
    yield from _unfit_days(wanted["main"].wanted)
    yield from _of_one_stack(aws, deployment)
    lost_keys = buckets.lost_keys(aws, deployment)
    buckets.report_waiting(aws, deployment, lost_keys)
    is_checked_again = bool(lost_keys)
    if deployment.landing_buckets:
        deployed = () if is_checked_again else Landing(aws, deployment).deployed().values()
        yield from buckets.unfit_further_landing(aws, deployment, deployed)
    yield from buckets.landing_in_use(aws, deployment)
    yield from buckets.unfit_first_landing(aws, deployment, is_checked_again=is_checked_again)
    if state.completed(aws, deployment.main_stack) is not None:
        return  # it exists: its own resources hold the names, and the quotas sufficed
    yield from buckets.taken(aws, deployment)
    if state.describe(aws, deployment.main_stack) is None:  # if its creation failed, what is left of it is deleted
        yield from _taken_secrets(aws, deployment)
    yield from _taken_namespace(aws, deployment)
    yield from endpoints.problems(aws, deployment)
    has_network = state.completed(aws, deployment.network_stack) is not None
    for service, quota, unless in _QUOTAS:
        is_needed = unless is None or not (deployment.parameters.get(unless) or has_network)
        if is_needed:
            yield from _exhausted(aws, service, quota)


def _of_one_stack(aws: Aws, deployment: Deployment) -> Iterator[str]:
    """Yield a problem if the main stack contains the network, as up to version 0.9: it would be replaced."""
    if "VpcCidr" in state.parameters(aws, deployment.main_stack):
        was = f"stack {deployment.main_stack} was made by Lakeport 0.9 or older and contains the network"
        yield f"{was}; such a deployment cannot be upgraded; create one with another name: docs/upgrade.md"


def _unfit_redshift(parameters: Mapping[str, str]) -> Iterator[str]:
    """Yield values that Redshift Serverless rejects (botocore, CreateWorkgroup)."""
    if parameters["ExistingRedshiftHost"]:
        return
    base, most, port = (int(parameters[f"Redshift{name}"]) for name in ("BaseRpu", "MaxRpu", "Port"))
    if most < base:
        yield f"RedshiftMaxRpu: {most} is less than RedshiftBaseRpu ({base}); set it to {base} or more"
    if not any(port in ports for ports in _PORTS):
        yield f"RedshiftPort: Redshift Serverless does not take {port}; choose 5431 to 5455 or 8191 to 8215"


def _unfit_days(parameters: Mapping[str, str]) -> Iterator[str]:
    """Yield a number of days that reconcile would report as wrong every hour."""
    days = int(parameters["KeepDetailsDays"])
    if 0 < days < _LEAST_DAYS:
        yield f"KeepDetailsDays: {days} is less than {_LEAST_DAYS}, which the page Files shows; set it to 0 or to more"


def _taken_secrets(aws: Aws, deployment: Deployment) -> Iterator[str]:
    """Yield the secrets that exist already; one that is scheduled for deletion keeps its name for weeks."""
    for name in (f"{deployment.name}/registrar", f"{deployment.name}/connections/lakeport_redshift"):
        try:
            found = aws.client("secretsmanager").describe_secret(SecretId=name)
        except (ClientError, BotoCoreError) as error:
            if not isinstance(error, ClientError) or code_of(error) != "ResourceNotFoundException":
                aws.report(f"not checked: secret {name} ({short(error)})")
            continue
        delete = f"aws secretsmanager delete-secret --force-delete-without-recovery --secret-id {name}"
        if "DeletedDate" in found:
            restore = f"aws secretsmanager restore-secret --secret-id {name}"
            yield f"secret {name} is scheduled for deletion, which keeps its name; run {restore}, then {delete}"
        else:
            yield f"secret {name} exists already; choose another deployment name, or run {delete}"


def _taken_namespace(aws: Aws, deployment: Deployment) -> Iterator[str]:
    """Yield a problem if a Redshift left by a deleted deployment has the name of the new one."""
    if deployment.parameters.get("ExistingRedshiftHost"):
        return
    try:
        aws.client("redshift-serverless").get_namespace(namespaceName=deployment.name)
    except ClientError as error:
        if code_of(error) != "ResourceNotFoundException":
            aws.report(f"not checked: Redshift namespace {deployment.name} ({short(error)})")
        return
    kept = f"Redshift namespace {deployment.name} exists, left by a deleted deployment"
    yield f"{kept}; choose another deployment name, delete it, or use it (ExistingRedshiftHost)"


def _exhausted(aws: Aws, service: str, quota: str) -> Iterator[str]:
    try:
        pages = aws.client("service-quotas").get_paginator("list_service_quotas").paginate(ServiceCode=service)
        quotas = [each for page in pages for each in page["Quotas"] if each["QuotaName"].startswith(quota)]
        used = _used(aws, service)
    except (ClientError, BotoCoreError) as error:
        aws.report(f"not checked: quota {quota} of {service} ({short(error)})")
        return
    for each in quotas:
        if used >= each["Value"]:
            remedy = f"raise quota {each['QuotaCode']} in Service Quotas, or delete one"
            yield f"quota reached: {used} of {each['Value']:.0f} {each['QuotaName']} in use; {remedy}"


def _used(aws: Aws, service: str) -> int:
    if service == "vpc":
        return len(aws.client("ec2").describe_vpcs()["Vpcs"])
    return len(aws.client("mwaa").list_environments()["Environments"])
