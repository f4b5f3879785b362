"""Checks of buckets: names that are taken, and existing ones that cannot be landing buckets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from infra.deploy.aws import Aws, code_of, short
from infra.deploy.content.code import CodeBucket
from infra.deploy.deployment import Deployment
from infra.deploy.stacks import state
from infra.deploy.stacks.landing import Landing
from infra.deploy.stacks.landing_buckets import LandingBucket
from lakeport.settings import DEFAULT_LANDING

_MAX_BUCKET_CHARACTERS = 63


def taken(aws: Aws, deployment: Deployment) -> Iterator[str]:
    """Yield the buckets whose names are taken already; bucket names are global."""
    parts = {deployment.bootstrap_stack: ("logs", "code"), deployment.main_stack: ("landing", "archive", "work")}
    for stack, names in parts.items():
        if state.completed(aws, stack) is None:
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


def lost_keys(aws: Aws, deployment: Deployment) -> set[str]:
    """Return the KMS keys of landing buckets that the deployed roles may use, and could not after this deployment."""
    has = state.parameters(aws, deployment.main_stack)
    deployed = {*has.get("LandingKeyArns", "").split(","), has.get("ExistingLandingKeyArn", "")}
    key_arn = state.outputs(aws, deployment.bootstrap_stack).get("KeyArn", "")
    wanted = Landing(aws, deployment).parameters(key_arn)["LandingKeyArns"].split(",")
    return deployed - {*wanted, deployment.parameters.get("ExistingLandingKeyArn", ""), ""}


def report_waiting(aws: Aws, deployment: Deployment, keys: Collection[str]) -> None:
    """Report that files which landed before may need a key that the deployment loses; only S3 knows, for each file."""
    for key in sorted(keys):
        status = f"./lakeport status --deployment {deployment.name} --status New"
        aws.report(
            f"not checked: whether files that wait in landing are encrypted with {key}, which the deployment would no "
            f"longer name; if {status} lists files of its bucket, wait until they are Done"
        )


def unfit_first_landing(aws: Aws, deployment: Deployment, *, is_checked_again: bool = False) -> Iterator[str]:
    """Yield what is wrong with an existing bucket that becomes the first landing bucket, unless it is that already."""
    existing = deployment.parameters.get("ExistingLandingBucket")
    is_new = existing != state.outputs(aws, deployment.main_stack).get("LandingBucketName")
    if existing and (is_new or is_checked_again):
        key_arn = deployment.parameters.get("ExistingLandingKeyArn", "")
        yield from unfit_landing(
            aws, LandingBucket("ExistingLandingBucket", existing, key_arn), "ExistingLandingKeyArn"
        )


def unfit_further_landing(aws: Aws, deployment: Deployment, deployed: Collection[str]) -> Iterator[str]:
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
            yield from unfit_landing(aws, replace(each, name=where), f"{where}: key")
        elif len(bucket) > _MAX_BUCKET_CHARACTERS:
            yield f"{where}: bucket {bucket} would have {len(bucket)} characters, S3 allows 63; choose a shorter name"
        elif state.completed(aws, deployment.landing_stack(each.name)) is None and (
            problem := _taken_bucket(aws, deployment, f"landing-{each.name}")
        ):
            yield f"{where}: {problem}; or use it by its name, as in {each.name}: {bucket}"


def landing_in_use(aws: Aws, deployment: Deployment) -> Iterator[str]:
    """Yield the landing buckets that the deployment would take from deployed file types, with what to do.

    Registration would reject their files until the new schemas are published, at the end of the update, and Airflow
    could not load those that wait there: it may read the buckets of the deployment only.
    """
    landing, deployed = Landing(aws, deployment), state.outputs(aws, deployment.main_stack)
    wanted = {DEFAULT_LANDING: landing.first} | landing.further
    first = {DEFAULT_LANDING: deployed["LandingBucketName"]} if "LandingBucketName" in deployed else {}
    left = {name: bucket for name, bucket in (first | landing.deployed()).items() if wanted.get(name) != bucket}
    name = state.outputs(aws, deployment.bootstrap_stack).get("CodeBucketName")
    if left and name:
        yield from in_use(left, CodeBucket(aws, name).index.get("file_types", []), deployment.name)


def in_use(left: Mapping[str, str], file_types: Iterable[Mapping[str, Any]], deployment_name: str) -> Iterator[str]:
    """Yield those of the landing buckets, by their names in schemas, from which file types read."""
    readers = [(each.get("bucket", DEFAULT_LANDING), each["file_type"]) for each in file_types]
    for name, bucket in left.items():
        if reading := [file_type for its_bucket, file_type in readers if its_bucket == name]:
            is_first = name == DEFAULT_LANDING
            where = "ExistingLandingBucket" if is_first else f"landing_buckets: {name}"
            which = "the first landing bucket" if is_first else "this landing bucket"
            found = f"{bucket} would no longer be {which}, but deployed file types read from it: {', '.join(reading)}"
            publish = f"run ./lakeport deploy --schemas-only --name {deployment_name}"
            if is_first:
                add = "leave ExistingLandingBucket unchanged, add the new bucket to landing_buckets, deploy"
                yield f"{where}: {found}; {add}, name it in their schemas (landing.bucket), then {publish}"
                continue
            then = "wait until none of their files is New or In Progress, then run this again"
            yield f"{where}: {found}; change or remove their schemas, {publish}, {then}"


def unfit_landing(aws: Aws, landing: LandingBucket, key_setting: str) -> Iterator[str]:
    """Yield why an existing bucket cannot be a landing bucket: files are identified by their versions."""
    where, name, s3 = landing.name, landing.bucket or "", aws.client("s3")
    try:
        versioning = s3.get_bucket_versioning(Bucket=name)
        region = s3.head_bucket(Bucket=name).get("BucketRegion", aws.region)
    except (ClientError, BotoCoreError) as error:
        if landing.account and isinstance(error, ClientError) and code_of(error) in ("403", "AccessDenied"):
            aws.report(f"not checked: bucket {name} of account {landing.account} ({short(error)})")
        else:
            yield f"{where}: cannot read bucket {name} ({short(error)})"
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
            aws.report(f"not checked: encryption of bucket {name} ({short(error)})")
        return
    keys = [each.get("ApplyServerSideEncryptionByDefault", {}).get("KMSMasterKeyID") for each in found]
    for key in filter(None, keys):
        is_named = key_arn == key or key_arn.endswith(f":key/{key}") or (key_arn and "alias/" in key)
        if not is_named:
            remedy = f"set {key_setting} to the ARN of its key ({key}), so that COPY and the tasks may decrypt"
            yield f"{where}: bucket {name} has a key that the deployment does not name; {remedy}"
