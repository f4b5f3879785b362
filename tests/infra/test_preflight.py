"""What a deployment finds before it creates anything, and what it reports about a failed creation."""

from __future__ import annotations

import boto3
import pytest

from infra.deploy.aws import Aws
from infra.deploy.deployment import Deployment
from infra.deploy.preflight import buckets, endpoints, problems
from infra.deploy.stacks import events

NAME = "lake"
KEY = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"
REDSHIFT = {"ExistingRedshiftHost": "", "RedshiftBaseRpu": "4", "RedshiftMaxRpu": "16", "RedshiftPort": "5439"}


@pytest.mark.parametrize(
    ("given", "parameter"),
    [
        ({"RedshiftBaseRpu": "32"}, "RedshiftMaxRpu: 16"),
        ({"RedshiftPort": "5500"}, "RedshiftPort"),
        ({"RedshiftPort": "8216"}, "RedshiftPort"),
    ],
)
def test_value_that_redshift_serverless_rejects_is_named(given: dict[str, str], parameter: str) -> None:
    (problem,) = problems._unfit_redshift(REDSHIFT | given)
    assert problem.startswith(parameter)


@pytest.mark.parametrize("given", [{}, {"RedshiftPort": "8191"}, {"ExistingRedshiftHost": "h", "RedshiftPort": "1433"}])
def test_value_that_redshift_accepts_is_accepted(given: dict[str, str]) -> None:
    assert list(problems._unfit_redshift(REDSHIFT | given)) == []


def test_days_that_reconcile_does_not_take_are_refused() -> None:
    found = {days: list(problems._unfit_days({"KeepDetailsDays": days})) for days in ("0", "7", "30")}
    assert {days: bool(problems) for days, problems in found.items()} == {"0": False, "7": True, "30": False}


def test_secret_that_waits_for_its_deletion_is_reported_with_the_commands(aws: Aws) -> None:
    """Its name is taken for up to 30 days, and CloudFormation would fail after half an hour."""
    manager, secret = boto3.client("secretsmanager", "us-east-1"), f"{NAME}/registrar"
    assert list(problems._taken_secrets(aws, Deployment(NAME))) == []
    manager.create_secret(Name=secret, SecretString="{}")
    (existing,) = problems._taken_secrets(aws, Deployment(NAME))
    manager.delete_secret(SecretId=secret)
    (deleted,) = problems._taken_secrets(aws, Deployment(NAME))

    assert (secret in existing, "restore-secret" in existing) == (True, False)
    assert f"restore-secret --secret-id {secret}" in deleted
    assert f"delete-secret --force-delete-without-recovery --secret-id {secret}" in deleted


@pytest.mark.parametrize(("key_arn", "is_named"), [("", False), (KEY, True), (KEY.replace("1111", "9999"), False)])
@pytest.mark.parametrize("key", [KEY, KEY.rpartition("/")[2]])
def test_key_of_an_existing_landing_bucket_must_be_named(aws: Aws, key: str, key_arn: str, is_named: bool) -> None:
    s3 = boto3.client("s3", "us-east-1")
    s3.create_bucket(Bucket="files")
    s3.put_bucket_encryption(
        Bucket="files",
        ServerSideEncryptionConfiguration={
            "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}}]
        },
    )

    found = list(buckets._unreadable_landing(aws, "erp", "files", key_arn, "erp: key"))

    assert [key in each and "set erp: key to" in each for each in found] == ([] if is_named else [True])


def test_bucket_without_its_own_key_needs_no_parameter(aws: Aws) -> None:
    boto3.client("s3", "us-east-1").create_bucket(Bucket="files")
    assert list(buckets._unreadable_landing(aws, "erp", "files", "", "erp: key")) == []


@pytest.mark.parametrize(
    ("reason", "parameter"),
    [
        ("Base capacity must be 8 RPUs or more", "RedshiftBaseRpu"),
        ("subnet-1 is in an Availability Zone that is not supported", "ZoneA"),
        ("no quota is left", ""),
    ],
)
def test_reason_of_a_failed_creation_carries_the_next_step(reason: str, parameter: str) -> None:
    assert [parameter in each for each in events.remedies_for(reason)] == ([True] if parameter else [])


@pytest.mark.parametrize(("host", "zones"), [("", ["us-east-1c"]), ("redshift.example", ["us-east-1b", "us-east-1c"])])
def test_zones_of_a_new_redshift_are_those_of_its_service(host: str, zones: list[str]) -> None:
    offered = {name: {"us-east-1b", "us-east-1c"} for name in endpoints.ALWAYS} | {
        "redshift-serverless": {"us-east-1c"}
    }
    assert endpoints._zones(offered, Deployment(NAME, parameters={"ExistingRedshiftHost": host})) == zones
