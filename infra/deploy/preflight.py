"""Checks before anything is created: names, buckets, endpoints of the region, quotas of the account."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from infra.deploy import endpoints, stacks
from infra.deploy.aws import Aws, code_of
from infra.deploy.code import CodeBucket
from infra.deploy.deployment import Deployment
from infra.deploy.landing import Landing
from infra.deploy.landing_buckets import LandingBucket
from infra.deploy.stacks import Stack

_MAX_BUCKET_CHARACTERS = 63
_LEAST_DAYS = 30
# Service code, start of the quota's name, parameter that makes the quota irrelevant.
_QUOTAS = (("vpc", "VPCs per Region", "ExistingVpcId"), ("airflow", "Environments", None))
# Ports that Redshift Serverless takes.
_PORTS = (range(5431, 5456), range(8191, 8216))


def problems(aws: Aws, deployment: Deployment, wanted: Mapping[str, Stack]) -> Iterator[str]:
    """Yield what would make the deployment fail, each with the next step."""
    for name in stacks.unknown_parameters(wanted, deployment.parameters):
        where = ", ".join(f"infra/{each}.yaml" for each in wanted)
        yield f"parameters: unknown parameter {name}; {where} list the parameters"
    yield from _unfit_redshift(wanted["main"].wanted)
    yield from _unfit_days(wanted["main"].wanted)
    yield from _of_one_stack(aws, deployment)
    if deployment.landing_buckets:
        yield from _unfit_further_landing(aws, deployment, Landing(aws, deployment).deployed().values())
    yield from _landing_in_use(aws, deployment)
    if stacks.completed(aws, deployment.main_stack) is not None:
        return  # it exists: its own resources hold the names, and the quotas sufficed
    yield from _taken_buckets(aws, deployment)
    if existing := deployment.parameters.get("ExistingLandingBucket"):
        key_arn = deployment.parameters.get("ExistingLandingKeyArn", "")
        first = LandingBucket("ExistingLandingBucket", existing, key_arn)
        yield from _unfit_landing(aws, first, "ExistingLandingKeyArn")
    if stacks.describe(aws, deployment.main_stack) is None:  # if its creation failed, what is left of it is deleted
        yield from _taken_secrets(aws, deployment)
    yield from _taken_namespace(aws, deployment)
    yield from endpoints.problems(aws, deployment)
    has_network = stacks.completed(aws, deployment.network_stack) is not None
    for service, quota, unless in _QUOTAS:
        is_needed = unless is None or not (deployment.parameters.get(unless) or has_network)
        if is_needed:
            yield from _exhausted(aws, service, quota)


def _of_one_stack(aws: Aws, deployment: Deployment) -> Iterator[str]:
    """Yield a problem if the main stack contains the network, as up to version 0.9: it would be replaced."""
    if "VpcCidr" in stacks.parameters(aws, deployment.main_stack):
        was = f"stack {deployment.main_stack} was made by Lakeport 0.9 or older and contains the network"
        yield f"{was}; such a deployment cannot be upgraded; create one with another name: docs/upgrade.md"


def _taken_buckets(aws: Aws, deployment: Deployment) -> Iterator[str]:
    """Yield the buckets whose names are taken already; bucket names are global."""
    parts = {deployment.bootstrap_stack: ("logs", "code"), deployment.main_stack: ("landing", "archive", "work")}
    for stack, names in parts.items():
        if stacks.completed(aws, stack) is None:
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
                aws.report(f"not checked: secret {name} ({_short(error)})")
            continue
        delete = f"aws secretsmanager delete-secret --force-delete-without-recovery --secret-id {name}"
        if "DeletedDate" in found:
            restore = f"aws secretsmanager restore-secret --secret-id {name}"
            yield f"secret {name} is scheduled for deletion, which keeps its name; run {restore}, then {delete}"
        else:
            yield f"secret {name} exists already; choose another deployment name, or run {delete}"


def _unfit_further_landing(aws: Aws, deployment: Deployment, deployed: Collection[str]) -> Iterator[str]:
    """Yield what is wrong with the landing buckets after the first, except with those that are deployed."""
    landing = Landing(aws, deployment)
    buckets = Counter([landing.first, *landing.further.values()])
    for each in deployment.landing_buckets:
        bucket, where = landing.bucket_of(each), f"landing_buckets: {each.name}"
        if buckets[bucket] > 1:
            yield f"{where}: bucket {bucket} is a landing bucket already; give each name its own bucket"
        elif bucket in deployed:
            continue  # it was checked when it was added, and CI's role may not read it
        elif each.bucket:
            yield from _unfit_landing(aws, replace(each, name=where), f"{where}: key")
        elif len(bucket) > _MAX_BUCKET_CHARACTERS:
            yield f"{where}: bucket {bucket} would have {len(bucket)} characters, S3 allows 63; choose a shorter name"
        elif stacks.completed(aws, deployment.landing_stack(each.name)) is None and (
            problem := _taken_bucket(aws, deployment, f"landing-{each.name}")
        ):
            yield f"{where}: {problem}; or use it by its name, as in {each.name}: {bucket}"


def _landing_in_use(aws: Aws, deployment: Deployment) -> Iterator[str]:
    """Yield the landing buckets that the deployment would take from deployed file types.

    Registration would reject their files until the new schemas are published, at the end of the update.
    """
    landing = Landing(aws, deployment)
    left = {name: bucket for name, bucket in landing.deployed().items() if landing.further.get(name) != bucket}
    name = stacks.outputs(aws, deployment.bootstrap_stack).get("CodeBucketName")
    if left and name:
        yield from in_use(left, CodeBucket(aws, name).index.get("file_types", []), deployment.name)


def in_use(left: Mapping[str, str], file_types: Iterable[Mapping[str, Any]], deployment_name: str) -> Iterator[str]:
    """Yield those of the landing buckets, by their names in schemas, from which file types read."""
    readers = [(each.get("bucket"), each["file_type"]) for each in file_types]
    for name, bucket in left.items():
        if reading := [file_type for its_bucket, file_type in readers if its_bucket == name]:
            found = f"{bucket} would no longer be this landing bucket, but deployed file types read from it"
            first = f"change or remove their schemas, run ./lakeport deploy --schemas-only --name {deployment_name}"
            then = "wait until none of their files is New or In Progress, then run this again"
            yield f"landing_buckets: {name}: {found}: {', '.join(reading)}; {first}, {then}"


def _unfit_landing(aws: Aws, landing: LandingBucket, key_setting: str) -> Iterator[str]:
    """Yield why an existing bucket cannot be a landing bucket: files are identified by their versions."""
    where, name, s3 = landing.name, landing.bucket or "", aws.client("s3")
    try:
        versioning = s3.get_bucket_versioning(Bucket=name)
        region = s3.head_bucket(Bucket=name).get("BucketRegion", aws.region)
    except (ClientError, BotoCoreError) as error:
        if landing.account and isinstance(error, ClientError) and code_of(error) in ("403", "AccessDenied"):
            aws.report(f"not checked: bucket {name} of account {landing.account} ({_short(error)})")
        else:
            yield f"{where}: cannot read bucket {name} ({_short(error)})"
        return
    if versioning.get("Status") != "Enabled":
        yield f"{where}: bucket {name} has no versioning; turn its versioning on"
    if region != aws.region:
        yield f"{where}: bucket {name} is in region {region}; a landing bucket must be in {aws.region}"
    try:
        s3.head_bucket(Bucket=name, ExpectedBucketOwner=landing.account or aws.caller["Account"])
    except ClientError:
        owner = f"account {landing.account}" if landing.account else "this account"
        yield f"{where}: bucket {name} does not belong to {owner}; set account to that of its owner in landing_buckets"
    yield from _unreadable_landing(aws, where, name, landing.key or "", key_setting)


def _unreadable_landing(aws: Aws, where: str, name: str, key_arn: str, key_setting: str) -> Iterator[str]:
    """Yield a problem if the bucket is encrypted with a KMS key that the deployment does not name."""
    try:
        found = aws.client("s3").get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"]
    except (ClientError, BotoCoreError) as error:
        if not isinstance(error, ClientError) or code_of(error) != "ServerSideEncryptionConfigurationNotFoundError":
            aws.report(f"not checked: encryption of bucket {name} ({_short(error)})")
        return
    keys = [each.get("ApplyServerSideEncryptionByDefault", {}).get("KMSMasterKeyID") for each in found]
    for key in filter(None, keys):
        is_named = key_arn == key or key_arn.endswith(f":key/{key}") or (key_arn and "alias/" in key)
        if not is_named:
            remedy = f"set {key_setting} to the ARN of its key ({key}), so that COPY and the tasks may decrypt"
            yield f"{where}: bucket {name} has a key that the deployment does not name; {remedy}"


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
